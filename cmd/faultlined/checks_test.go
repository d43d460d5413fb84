package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/spec"
)

func TestChecksAreTold(t *testing.T) {
	results := []checks.Result{
		{Check: "key_unique", Expected: "0", Actual: "0", Answer: events.Holds, Evidence: "3 rows"},
		{Check: "files_present", Evidence: "the store is away"},
	}
	var text, data strings.Builder
	require.NoError(t, writeChecks(&text, "text", results))
	assert.Equal(t, "CHECK          ANSWER   EXPECTED  FOUND  EVIDENCE\n"+
		"key_unique     holds    0         0      3 rows\n"+
		"files_present  unknown                   the store is away\n\n"+
		"Without an answer: files_present.\n", text.String())
	require.NoError(t, writeChecks(&data, "json", results))
	var back []checks.Result
	require.NoError(t, json.Unmarshal([]byte(data.String()), &back))
	assert.Equal(t, results, back)

	results = append(results, checks.Result{Check: "key_unique", Answer: events.Violated})
	assert.Equal(t, "Violated: key_unique; without an answer: files_present.", sentenceOfChecks(results))
	assert.Equal(t, "Violated: key_unique.", sentenceOfChecks(results[2:]))
	assert.Equal(t, "Every check holds.", sentenceOfChecks(results[:1]))

	results = results[:2]
	assert.Equal(t, exitCode(5), exitOfChecks(results))
	require.NoError(t, exitOfChecks(results[:1]))
	assert.Equal(t, exitCode(1), exitOfChecks(append(results, checks.Result{Answer: events.Violated})), "a violated one counts more than an unknown one")
}

func TestBooksAreFoundByName(t *testing.T) {
	p := spec.Platform{Kafka: []string{"k"}, Books: map[string]spec.Books{"trades": {Topic: "t"}}}
	b, err := oneBooks(p, "")
	require.NoError(t, err)
	assert.Equal(t, []string{"k"}, b.Brokers)
	_, err = oneBooks(p, "quotes")
	require.ErrorContains(t, err, `no books named "quotes": it has [trades]`)
	p.Books["quotes"] = spec.Books{}
	_, err = oneBooks(p, "")
	require.ErrorContains(t, err, "it has [quotes trades]")
}
