//go:build e2e

package e2e_test

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reader reads the trades with an engine that shares no code with Faultline.
type reader struct {
	name     string
	args     []string
	complain string        // what it prints of a table that it cannot read
	patience time.Duration // that is enough where all is well
	waits    bool          // on damage it may wait for ever, for a catalog that does
}

// answer is what a reader made of the table while the fault was there.
type answer struct {
	text  string
	err   error
	ended bool
	void  string // why it says nothing
}

// othersSeeDamage has pyiceberg and DuckDB read the trades while the fault of an
// experiment is there: neither can. What it returns waits for them.
func (p *platform) othersSeeDamage(s servers) func() {
	p.t.Helper()
	python := strings.TrimSpace(script(p.t, "readers/venv.sh"))
	read := append([]string{python, "readers/read_tables.py"}, s.catalog()...)
	readers := []reader{
		{name: "pyiceberg", args: slices.Concat(read, []string{"--namespace", "market_data"}), complain: "market_data.trades_v2: cannot be read", waits: true},
		{name: "DuckDB", args: slices.Concat(read, []string{"--duckdb", s["E2E_WAREHOUSE"] + "/market_data/trades_v2"}), complain: "DuckDB cannot read it"},
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), longest)
	answers := make([]chan answer, len(readers))
	for i := range readers {
		readers[i].learn(p.t)
	}
	for i, r := range readers {
		answers[i] = make(chan answer, 1)
		go func() { answers[i] <- r.underFault(ctx, p) }()
	}
	return func() {
		p.t.Helper()
		defer cancel()
		for i, r := range readers {
			a := <-answers[i]
			p.t.Logf("%s while the fault is there:\n%s", r.name, a.text)
			require.Empty(p.t, a.void, r.name)
			require.Error(p.t, a.err, r.name)
			if a.ended || !r.waits {
				assert.Contains(p.t, a.text, r.complain, r.name)
			}
		}
	}
}

// learn reads while all is well, and sets how long a reader may take. The fault
// must last longer than that, or "does not end" would say nothing.
func (r *reader) learn(t *testing.T) {
	t.Helper()
	began := time.Now()
	script(t, r.args[0], r.args[1:]...)
	took := time.Since(began)
	r.patience = min(max(2*took, 5*time.Second), 10*time.Second)
	require.Less(t, took, r.patience, "%s is too slow here to tell when it waits: give it an idler machine", r.name)
}

// underFault waits for a fault and reads until it cannot: the receipt is there
// before the fault is.
func (r *reader) underFault(ctx context.Context, p *platform) (a answer) {
	for !p.faulty(ctx) {
		select {
		case <-ctx.Done():
			return answer{void: "no fault was there"}
		case <-time.After(200 * time.Millisecond):
		}
	}
	for a.err == nil {
		a = r.once(ctx)
		if !p.faulty(ctx) {
			a.void = "the fault was gone before it had read"
			return a
		}
	}
	return a
}

func (r *reader) once(ctx context.Context) answer {
	ctx, stop := context.WithTimeout(ctx, r.patience)
	defer stop()
	text, err := exec.CommandContext(ctx, r.args[0], r.args[1:]...).CombinedOutput() //nolint:gosec // this project's own script
	return answer{text: string(text), err: err, ended: ctx.Err() == nil}
}

// faulty says whether a fault is in place.
func (p *platform) faulty(ctx context.Context) bool {
	cmd := exec.CommandContext(ctx, p.binary, "ledger", "list") //nolint:gosec // this project's own binary
	cmd.Dir, cmd.Env = p.dir, environment()
	out, err := cmd.Output()
	return err == nil && !strings.Contains(string(out), "no fault is in place")
}
