package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/spec"
)

// judged is the verdict of an experiment in which all went well but for its books.
func judged(b events.BooksClosed) (events.Verdict, []string) {
	s := experiment.State{Cause: events.Planned, Books: &b, Recovery: &events.RecoveryMeasured{Recovered: true, FromRollback: new(spec.Duration)}}
	s.Document.Hypothesis.RecoversWithin = spec.Duration(time.Minute)
	s.Document.Hypothesis.Tolerates = &spec.Loss{}
	return experiment.Judge(s)
}

// TestDamageThatKeepsTheBooksOpenRefutes: a table of which a file is lost cannot
// be read to its end, and one that stands still never has what was sent. No
// record can be accounted for then; what the checks find is found all the same.
func TestDamageThatKeepsTheBooksOpenRefutes(t *testing.T) {
	for name, c := range map[string]struct {
		defect defect.Defect
		check  string
	}{
		"a lost file":      {defect.LoseDataFile + "=1/2", "files_present"},
		"a stale snapshot": {defect.StaleSnapshot + "=1/2", "snapshot_chain"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newPlant(t, c.defect)
			f.ingest(20_000) // trades come all the while
			var b events.BooksClosed
			var verdict events.Verdict
			var reasons []string
			for late := time.Now().Add(2 * time.Minute); verdict != events.Refuted || b.Balanced; verdict, reasons = judged(b) {
				require.True(t, time.Now().Before(late), "%s, %q; books balance: %t, %s", verdict, reasons, b.Balanced, b.Why)
				b = f.open("x").Close(t.Context(), events.BookMark{}, 0, 2*time.Second, untouched)
			}
			assert.NotEmpty(t, b.Why)
			assert.Contains(t, strings.Join(reasons, "\n"), "integrity_check: "+c.check)
		})
	}
}
