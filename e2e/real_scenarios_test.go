//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	p := startPlatform(t, s, s["E2E_KAFKA"], s["E2E_CHAOS_KAFKA"], s.lake(), "--kafka-proxy", "--links", "--registry-lower", "global")
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
			got := on.scenario(s, seen, c.document)
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

// movedOn is why a table's metadata were not damaged: the sink had written
// newer ones between plan and injection. Who asks is told to run it again.
const movedOn = "pointer moved on since the fault was planned"

// scenario runs a document, and again where the sink was quicker than the fault.
func (p *platform) scenario(s servers, seen map[string]outcome, document string) (got outcome) {
	p.t.Helper()
	for try := 1; try <= 4; try++ {
		id, told := fmt.Sprintf("%s-%d", document, try), func() {}
		if document == "iceberg-metadata-corruption" {
			told = p.othersSeeDamage(s, id)
		}
		got = p.run(id, filepath.Join("..", "experiments", document+".yaml"))
		seen[id] = got
		if got.code != experiment.ExitInconclusive || !strings.Contains(strings.Join(got.Reasons, " "), movedOn) {
			told()
			return got
		}
	}
	return got
}

// othersSeeDamage has pyiceberg and DuckDB read the trades while the fault of an
// experiment is there: neither can. What it returns waits for them.
func (p *platform) othersSeeDamage(s servers, id string) func() {
	p.t.Helper()
	python := strings.TrimSpace(script(p.t, "readers/venv.sh"))
	reader := append([]string{"readers/read_tables.py", "--namespace", "market_data", "--duckdb", s["E2E_WAREHOUSE"] + "/market_data/trades_v2"}, s.catalog()...)
	script(p.t, python, reader...) // both can as long as all is well
	type answer struct {
		text string
		err  error
		in   string
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), longest)
	answers := make(chan answer, 1)
	go func() {
		defer cancel()
		for !p.faulty(ctx) {
			select {
			case <-ctx.Done():
				answers <- answer{err: ctx.Err(), in: "no fault was there"}
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
		var a answer
		for a.err == nil && a.in == "" { // its receipt is there before the fault is
			text, err := exec.CommandContext(ctx, python, reader...).CombinedOutput() //nolint:gosec // this project's own script
			a.text, a.err = string(text), err
			if !p.faulty(ctx) {
				a.in = "the fault was gone before they had read"
			}
		}
		answers <- a
	}()
	return func() {
		p.t.Helper()
		a := <-answers
		p.t.Logf("while %s is there:\n%s", id, a.text)
		require.Empty(p.t, a.in)
		require.Error(p.t, a.err)
		assert.Contains(p.t, a.text, "market_data.trades_v2: cannot be read", "pyiceberg")
		assert.Contains(p.t, a.text, "DuckDB cannot read it")
	}
}

// faulty says whether a fault is in place.
func (p *platform) faulty(ctx context.Context) bool {
	cmd := exec.CommandContext(ctx, p.binary, "ledger", "list") //nolint:gosec // this project's own binary
	cmd.Dir, cmd.Env = p.dir, environment()
	out, err := cmd.Output()
	return err == nil && !strings.Contains(string(out), "no fault is in place")
}
