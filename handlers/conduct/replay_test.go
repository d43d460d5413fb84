package conduct_test

import (
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/judging"
)

// replaysTheSame judges the recorded ticks anew, each on the state of the log
// that it names: what was sent must be what is due then, word for word (I9).
// What fell due while nothing was recorded lies in a gap that says so.
func (s *stage) replaysTheSame() {
	s.t.Helper()
	platform, err := s.config.Platform()
	require.NoError(s.t, err)
	j, err := judging.New(s.states[1].Document, platform)
	require.NoError(s.t, err)
	want := map[string]string{}
	for _, tick := range s.ticks {
		state, ok := s.states[tick.Version]
		require.True(s.t, ok, "tick %d names version %d, which the log does not have", tick.Seq, tick.Version)
		if n := uint64(len(tick.Foreseen)); n > 0 {
			require.Equal(s.t, tick.Foreseen, state.Causes(tick.Version-n), "tick %d was judged on what came to be", tick.Seq)
		}
		for _, due := range j.Tick(state, tick) {
			want[due.ID] = s.words(commands.Envelope{ID: due.ID, Experiment: led, At: due.At, Command: due.Command})
		}
	}
	got, others := map[string]string{}, []string{"led/baseline-begun", "led/books"}
	for _, e := range s.sent {
		if _, due := want[e.ID]; !due && s.inGap(e.At) {
			continue
		}
		if _, later := got[e.ID]; !later && !slices.Contains(others, e.ID) { // the first counts
			got[e.ID] = s.words(e)
		}
	}
	assert.Equal(s.t, want, got)
}

func (s *stage) inGap(at time.Time) bool {
	return slices.ContainsFunc(gaps(s.ticks), func(g events.Gap) bool { return !at.Before(g.From) && !at.After(g.To) })
}

func (s *stage) words(e commands.Envelope) string {
	s.t.Helper()
	event, err := commands.Encode(e)
	require.NoError(s.t, err)
	return event.Time.Format(time.RFC3339Nano) + " " + event.Type + " " + string(event.Data)
}
