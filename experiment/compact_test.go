package experiment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/experiment/experimenttest"
)

// TestCompactIsSettled: whatever an experiment has been through, its compact
// form holds what Settled does, and reads back from its text.
func TestCompactIsSettled(t *testing.T) {
	over := 0
	rapid.Check(t, func(t *rapid.T) {
		d := experimenttest.Document(t)
		var s experiment.State
		id := rapid.SampledFrom([]string{"x/%d", "another/%d", "%d", "żółw-%d"}).Draw(t, "id")
		for i := range rapid.IntRange(1, 60).Draw(t, "n") {
			c := commands.Envelope{ID: fmt.Sprintf(id, i), Experiment: "x", At: time.Unix(int64(i), 7).UTC(), By: "alice@a", Command: experimenttest.Command(t, d)}
			out, err := experiment.Decide(s, c)
			if err != nil {
				t.Fatal(err)
			}
			s = experiment.Evolve(s, events.Batch{Experiment: "x", Version: s.Version + 1, Cause: c.ID, At: c.At, Events: out})
		}
		if !s.Phase.Over() {
			return
		}
		over++
		c := s.Compact()
		require.Equal(t, inUTC(s.Settled()), inUTC(c.State()))
		require.Equal(t, s.ID, c.ID())
		again, err := experiment.ReadCompact(c.Text())
		require.NoError(t, err)
		require.Equal(t, c, again)
		cut := rapid.IntRange(0, len(c.Text())-1).Draw(t, "cut")
		_, err = experiment.ReadCompact(c.Text()[:cut])
		require.Error(t, err)
		_, err = experiment.ReadCompact(c.Text() + "x")
		require.Error(t, err)
	})
	assert.Positive(t, over, "some experiments ended")
}

// inUTC shows the instants alike; a compact state keeps no zone.
func inUTC(s experiment.State) experiment.State {
	s.Scheduled, s.Injected, s.Ended = s.Scheduled.UTC(), s.Injected.UTC(), s.Ended.UTC()
	return s
}

func TestWhatIsNotOverIsNoCompact(t *testing.T) {
	_, err := experiment.ReadCompact(experiment.State{ID: "x", Version: 1, Phase: experiment.Injected}.Compact().Text())
	require.Error(t, err)
}

func FuzzReadCompact(f *testing.F) {
	f.Add("")
	f.Add(experiment.State{ID: "x", Version: 2, Phase: experiment.Aborted, Ended: time.Unix(5, 6), Steps: []experiment.Step{{}}}.Compact().Text())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := experiment.ReadCompact(text)
		if err != nil {
			return
		}
		s := c.State()
		if !s.Phase.Over() || s.ID != c.ID() {
			t.Fatalf("%q was read as %s of %q", text, s.Phase, s.ID)
		}
		if again := s.Compact().State(); again.Version != s.Version || len(again.Steps) != len(s.Steps) {
			t.Fatalf("%q changed when it was written again", text)
		}
	})
}
