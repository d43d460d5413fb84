package sampling_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/sampling"
	"github.com/k2-platform/faultline/internal/pause"
)

// crosses says that metric a has come to a value.
func crosses(at float64) func(events.Tick) bool {
	return func(t events.Tick) bool {
		for _, r := range t.Readings {
			if r.Metric == "a" && r.Value == at {
				return true
			}
		}
		return false
	}
}

func TestWhatIsUrgentBeatsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		metrics := []string{"a"}
		for i := range 99 {
			metrics = append(metrics, fmt.Sprint("other", i))
		}
		w := watch(time.Second, metrics...)
		w.Urgent = crosses(5)
		began := time.Now()
		f := follow(t, sampling.NewPool(newTables(), quiet()), w)
		pause.For(t.Context(), 6500*time.Millisecond)
		f.stop()
		var at []time.Duration
		readings := 0
		for _, tick := range f.ticks {
			at = append(at, tick.At.Sub(began))
			readings += len(tick.Readings)
			assertReadBack(t, tick)
		}
		s := time.Second
		assert.Equal(t, []time.Duration{s, 2 * s, 3 * s, 4 * s, 4*s + 10*time.Millisecond, 5 * s, 6 * s}, at,
			"once, however many are read at that moment; and the clock keeps its pace")
		assert.Equal(t, 600, readings, "each is in one tick")
	})
}

// What is urgent is looked at with all that came since the last beat.
func TestUrgencySeesAllThatIsNotInATick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(time.Second, "a", "b")
		l := newTables()
		l.slow["b"] = 300 * time.Millisecond
		most := 0
		w.Urgent = func(tick events.Tick) bool {
			most = max(most, len(tick.Readings))
			return false
		}
		ctx, stop := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer stop()
		require.NoError(t, sampling.NewPool(l, quiet()).Watch(ctx, w, func(events.Tick) {}))
		assert.Equal(t, 2, most)
	})
}
