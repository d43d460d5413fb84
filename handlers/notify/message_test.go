package notify

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

var update = flag.Bool("update", false, "write the golden files anew") //nolint:gochecknoglobals // test flags must be registered before the tests run

func document() spec.Document {
	second := spec.Duration(time.Second)
	return spec.Document{
		Faultline: "v1", Title: "Broker stops", System: "k2", Environment: "test",
		Hypothesis: spec.Hypothesis{
			Claim: "trades go on", SteadyState: []spec.Rule{{Expr: "error_rate < 0.01"}}, RecoversWithin: 20 * second,
			Tolerates: &spec.Loss{Fraction: 0.01},
		},
		Steps:    []spec.Step{{ID: "stop", Fault: spec.Fault{Kind: "process.stop", Target: "kafka"}, For: second}},
		Triggers: []spec.Rule{{Expr: "error_rate > 0.2"}},
	}
}

// play decides commands one after the other, and folds them.
func play(t *testing.T, at time.Time, id spec.ExperimentID, cs ...commands.Command) []handlers.Accepted {
	t.Helper()
	var s experiment.State
	var out []handlers.Accepted
	for i, c := range cs {
		cause := strconv.Itoa(i)
		facts, err := experiment.Decide(s, commands.Envelope{ID: cause, Experiment: id, At: at, By: "alice", Command: c})
		require.NoError(t, err)
		b := events.Batch{Experiment: id, Version: s.Version + 1, Cause: cause, At: at, Events: facts}
		s = experiment.Evolve(s, b)
		out = append(out, handlers.Accepted{Batch: b, State: s})
	}
	return out
}

func injected() []commands.Command {
	return []commands.Command{
		commands.Schedule{Document: document()},
		commands.BeginBaseline{},
		commands.CompleteBaseline{Windows: 10},
		commands.ReportInjected{Step: "stop", Receipt: "r-1", SeenAt: time.Unix(3, 0)},
	}
}

func stories() map[string][]commands.Command {
	back := spec.Duration(2 * time.Second)
	stuck := commands.ReportStuck{Step: "stop", Why: "permission denied", Manual: "faultline --home /srv/chaos ledger undo r-1"}
	gone := func(c events.Cause) commands.Command {
		return commands.ReportRolledBack{Step: "stop", Cause: c, SeenAt: time.Unix(9, 0)}
	}
	recovered := []commands.Command{
		commands.ReportRecovery{RecoveryMeasured: events.RecoveryMeasured{Recovered: true, FromRollback: &back, FromInjection: &back}},
		commands.CloseBooks{BooksClosed: events.BooksClosed{Taken: 10, Stored: 10, Balanced: true}},
	}
	trigger := commands.Trigger{RollbackTriggered: events.RollbackTriggered{Rule: "error_rate > 0.2", Answer: events.Holds, Values: map[string]float64{"error_rate": 0.5}}}
	after := func(more ...commands.Command) []commands.Command { return append(injected(), more...) }
	return map[string][]commands.Command{
		"planned": after(append([]commands.Command{commands.EndStep{Step: "stop"}, gone(events.Planned)}, recovered...)...),
		"trigger": after(append([]commands.Command{trigger, gone(events.Trigger)}, recovered...)...),
		"abort":   after(commands.Abort{Reason: "enough"}, gone(events.Abort)),
		"halt":    after(gone(events.Halt)),
		"lease":   after(gone(events.Lease)),
		"stuck":   after(commands.EndStep{Step: "stop"}, stuck, gone(events.Planned)),
		"denied":  {commands.Schedule{Document: document()}, commands.Deny{Reasons: []string{"target kafka is not described"}}},
		"note":    after(commands.Note{Kind: events.Finding, Text: "odd"}),
	}
}

func TestMessagesAreShortAndPlain(t *testing.T) {
	for name, story := range stories() {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, a := range play(t, time.Unix(0, 0), "x-1", story...) {
				for _, m := range Of(a.Batch, a.State) {
					fmt.Fprintf(&b, "[%s] version %d, title %q\n%s\n\n", m.Kind, m.Version, m.Title, m.Text)
				}
			}
			path := filepath.Join("testdata", name+".golden")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err, "write it with: go test ./handlers/notify -update")
			assert.Equal(t, string(want), b.String())
		})
	}
}
