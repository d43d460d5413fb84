package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
)

// TestAnAuditShowsWhatItsWindowIsAsAWhole, and ends with its code.
func TestAnAuditShowsWhatItsWindowIsAsAWhole(t *testing.T) {
	x := newFlowLab(t)
	x.send(20)
	x.store(x.sent...)
	b, err := bus.Open(bus.Config{Brokers: x.books.Brokers}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	open := func() *sources.Platform {
		p, err := sources.Open(t.Context(), x.books, b, x.lake)
		require.NoError(t, err)
		return p
	}
	p := open()
	r, err := auditing.Once(t.Context(), p, x.first, x.first.Add(10*time.Second), auditing.Options{By: sources.ByMoment})
	require.NoError(t, err)
	c := auditing.Closed{Report: r, Checks: auditChecks(t.Context(), p, r.Window)}
	require.Len(t, c.Checks, 8)
	for _, found := range c.Checks {
		assert.Equal(t, events.Holds, found.Answer, "%s: %s", found.Check, found.Evidence)
	}
	assert.Equal(t, "10", c.Checks[1].Expected, "of the ten seconds alone")
	var out bytes.Buffer
	require.NoError(t, printAudit(&out, c))
	assert.Regexp(t, `(?s)stored_once +10.*window_count +holds +10 +10`, out.String())
	assert.Zero(t, codeOf(c))
	c.Checks[3].Answer = events.Unknown
	assert.Equal(t, 5, codeOf(c))
	c.Checks[4].Answer = events.Violated
	assert.Equal(t, 1, codeOf(c))

	assert.Empty(t, auditChecks(t.Context(), p, audit.Window{Log: r.Window.Log}), "rows of other times may be there")
	x.books.Windows, x.books.Sequences = nil, nil
	assert.Empty(t, auditChecks(t.Context(), open(), r.Window), "nothing is named that could be compared")
}
