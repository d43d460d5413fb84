//go:build e2e

package e2e_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/experiment"
)

// TestScenariosOnRealServers runs the documents of the sandbox on three real
// brokers, a real registry, and a real catalog with its S3 store: what reaches
// them goes through the proxies. Nothing but the description of the platform is
// another one.
func TestScenariosOnRealServers(t *testing.T) {
	s := startServers(t)
	seen := map[string]outcome{}
	// Apicurio takes the level NONE of a subject as: follow the global one.
	p := startPlatform(t, s, s["E2E_KAFKA"], s["E2E_CHAOS_KAFKA"], s.lake(), "--kafka-proxy", "--links", "--registry-lower", "global",
		"--cpu-limit", "query=50%")
	for _, c := range []struct{ document, impact string }{
		{"network-partition", "consumer_lag > baseline.consumer_lag.max + 5.0 * baseline.offered_rate"},
		{"iceberg-metadata-corruption", "consumer_lag > baseline.consumer_lag.max + 5.0 * baseline.offered_rate"},
		{"data-corruption", "rejected_rate > 0.0 || mean_price > 1.2 * baseline.mean_price.max"},
		{"schema-incompatibility", "new_field_known == 1.0"},
		{"cpu-saturation", ""},
		{"all-green", ""},
	} {
		t.Run(c.document, func(t *testing.T) {
			on := *p
			on.t = t
			told := func() {}
			if c.document == "iceberg-metadata-corruption" {
				told = on.othersSeeDamage(s)
			}
			got := on.run(c.document, filepath.Join("..", "experiments", c.document+".yaml"))
			told()
			seen[c.document] = got
			require.Equal(t, experiment.ExitUpheld, got.code, "%s: %v", got.Verdict, got.Reasons)
			if c.impact != "" {
				assert.True(t, got.told("expected impact holds: "+c.impact), "the expected impact was seen")
				assert.True(t, got.Books.Balanced, got.Books.Why)
				assert.Positive(t, got.Books.Taken)
			}
			assert.Zero(t, got.Books.Lost+got.Books.LostAcked+got.Books.StoredTwice+got.Books.Altered+got.Books.FalseRejects)
			s.run(t)
			if c.document == "data-corruption" {
				assert.Positive(t, got.Books.Changed, "the proxy changed records on their way")
				assert.Equal(t, got.Books.Changed, got.Books.Detected)
			}
		})
	}
	p.end()
	s.verdicts(t, seen)
	s.readWithOthers(t)
}
