//go:build e2e

package admin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// TestTimes prints how long injection and rollback take, each until it is
// seen: the table of docs/faults/topic.md. Nothing is asserted about time.
func TestTimes(t *testing.T) {
	three, two := fresh(t, 3), fresh(t, 2)
	_, value := subject(t, sr.TypeAvro, first, second)
	cluster := spec.Target{Cluster: &spec.Cluster{Brokers: brokers(t)}}
	all := drivers.All(t.TempDir())
	const rounds = 20
	for _, c := range []struct {
		kind string
		with map[string]string
		on   spec.Target
	}{
		{"topic.settings", map[string]string{"retention.ms": "100000"}, three},
		{"topic.move_leader", nil, three},
		{"topic.reassign", nil, two},
		{"topic.poison", map[string]string{"rate": "100"}, three},
		{"cluster.quota", map[string]string{"client_id": "times", "producer_byte_rate": "1000"}, cluster},
		{"schema.incompatible", map[string]string{"lower": "global"}, value},
		{"schema.deploy", map[string]string{"compatible": "true"}, value},
		{"schema.level", map[string]string{"level": "FULL"}, value},
	} {
		var in, out []time.Duration
		for n := range rounds {
			d := all[c.kind]
			r, err := d.Plan(t.Context(), spec.Fault{Kind: c.kind, Target: "t", With: c.with}, c.on)
			require.NoError(t, err)
			r.ID, r.Expires = fmt.Sprint(c.kind, n), ledger.Boottime()+time.Minute
			begun := time.Now()
			require.NoError(t, d.Inject(t.Context(), r))
			in = append(in, time.Since(begun))
			begun = time.Now()
			require.NoError(t, d.Rollback(t.Context(), r))
			out = append(out, time.Since(begun))
		}
		slices.Sort(in)
		slices.Sort(out)
		t.Logf("| `%s` | %s | %s | %s | %s |", c.kind, ms(in[rounds/2]), ms(in[rounds-1]), ms(out[rounds/2]), ms(out[rounds-1]))
	}
}

func ms(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
