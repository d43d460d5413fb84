package projection_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Two projectors follow one log into the same tables: one writes, the other
// stands by and takes over when the first is killed. No row is lost or doubled.
func TestAStandbyTakesOverFromAKilledProjector(t *testing.T) {
	w := newWorld(t)
	stop := w.produce(10 * time.Millisecond)
	defer stop()
	one, other := w.start("projector", "one"), w.start("projector", "other")
	for round := range 3 {
		w.await(time.Minute, "one of two writes, the other stands by", func() bool {
			return one.is(standsBy) && other.is(writes) || one.is(writes) && other.is(standsBy)
		})
		if one.is(standsBy) {
			one, other = other, one
		}
		before := w.written()
		w.await(time.Minute, "the writer goes on", func() bool { return w.written() > before+20 })
		require.True(t, other.is(standsBy), "round %d: while the writer writes the other stands by", round)
		one.kill()
		killed := w.written()
		w.await(time.Minute, "the standby takes over", func() bool { return other.is(writes) && w.written() > killed+20 })
		one = w.start("projector", "again")
	}
	stop()
	w.await(time.Minute, "the tables have all", func() bool { return w.written() == w.ticks.Load() })
	one.end()
	other.end()
	t.Logf("%d rows, each of them once", w.requireOnce())
}
