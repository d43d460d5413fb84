package rule_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

func TestWhatADocumentWritesIsARule(t *testing.T) {
	for _, c := range []struct {
		kind, with string
		want       rule.Rule
	}{
		{"network.partition", "", rule.Rule{Do: rule.Partition}},
		{"network.partition", "direction=in", rule.Rule{Do: rule.Partition, Way: rule.In}},
		{"network.delay", "", rule.Rule{Do: rule.Delay, Delay: time.Second, Way: rule.Out}},
		{"network.delay", "delay=1s p99=3s direction=both", rule.Rule{Do: rule.Delay, Delay: time.Second, P99: 3 * time.Second}},
		{"network.bandwidth", "bytes_per_second=1MiB", rule.Rule{Do: rule.Bandwidth, PerSecond: 1 << 20}},
		{"network.reset", "", rule.Rule{Do: rule.Reset}},
		{"http.delay", "jitter=10ms rate=10%", rule.Rule{Do: rule.HTTPDelay, Delay: time.Second, Jitter: 10 * time.Millisecond, Often: often.Often{Rate: 0.1}}},
		{"http.status", "", rule.Rule{Do: rule.HTTPStatus, Code: 503, Often: often.Always()}},
		{"http.status", "code=429 body={} method=get,put path=/a/ every=2", rule.Rule{
			Do: rule.HTTPStatus, Code: 429, Body: "{}", Where: rule.Where{Methods: []string{"GET", "PUT"}, Path: "/a/"}, Often: often.Often{Rate: 1, Every: 2},
		}},
		{"http.unreachable", "", rule.Rule{Do: rule.Unreachable}},
	} {
		got, err := rule.Read("r", "l", c.kind, pairs(c.with))
		require.NoError(t, err)
		c.want.ID, c.want.Fault, c.want.Link = "r", c.kind, "l"
		assert.Equal(t, c.want, got)
	}
	_, err := rule.Read("r", "l", "network.dealy", nil)
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "did you mean network.delay")
}

func TestKindsAreInOrder(t *testing.T) {
	var names []string
	for _, k := range rule.Kinds() {
		names = append(names, k.Name)
		assert.NotEmpty(t, k.Summary)
	}
	assert.True(t, slices.IsSorted(names), names)
}

func TestWhereSelects(t *testing.T) {
	w := rule.Where{Methods: []string{"GET"}, Path: "/a"}
	assert.True(t, w.Selects("GET", "/a/b"))
	assert.False(t, w.Selects("PUT", "/a/b"))
	assert.False(t, w.Selects("GET", "/b"))
	assert.True(t, rule.Where{}.Selects("ANY", "*"))
}

// FuzzRead: what a kind takes is a rule of it, and what it refuses is none.
func FuzzRead(f *testing.F) {
	f.Add("http.status", "code=503 path=/a every=2")
	f.Add("network.delay", "delay=1s jitter=2s")
	f.Fuzz(func(t *testing.T, kind, with string) {
		given := pairs(with)
		kept := maps.Clone(given)
		r, err := rule.Read("r", "l", kind, given)
		if (err == nil) != (r.Do != rule.Nothing) || !maps.Equal(kept, given) {
			t.Fatalf("%s %q: %+v, %v", kind, with, r, err)
		}
	})
}

func pairs(text string) map[string]string {
	out := map[string]string{}
	for word := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(word, "=")
		out[name] = value
	}
	return out
}
