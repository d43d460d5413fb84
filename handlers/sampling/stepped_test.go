package sampling_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/handlers/sampling"
	"github.com/k2-platform/faultline/internal/pause"
)

// TestTheWallClockIsSet sets it while an experiment is watched, and tells the
// watch from when on its record goes.
func TestTheWallClockIsSet(t *testing.T) {
	for name, c := range map[string]struct{ before, by, record, want time.Duration }{
		"ahead":                             {by: time.Hour},
		"back":                              {by: -time.Hour},
		"ahead before the watch, then back": {before: time.Hour, by: -time.Hour, want: time.Hour},
		"back before the watch":             {before: -time.Hour, by: -time.Hour, record: time.Minute, want: time.Minute},
		"ahead of the record":               {before: time.Hour, by: time.Hour, record: time.Minute, want: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var step atomic.Int64
				step.Store(int64(c.before))
				p := sampling.NewPool(newTables(), quiet())
				p.SetWall(func() time.Time { return time.Now().UTC().Add(time.Duration(step.Load())) })
				began := time.Now().UTC()
				w := watch(time.Second, "a")
				w.NotBefore = began.Add(c.record)
				f := follow(t, p, w)
				pause.For(t.Context(), 3500*time.Millisecond)
				step.Store(int64(c.by))
				pause.For(t.Context(), 3*time.Second)
				f.stop()
				require.Len(t, f.ticks, 6)
				for i, tick := range f.ticks {
					require.Equal(t, began.Add(c.want+time.Duration(i+1)*time.Second), tick.At)
					require.Len(t, tick.Readings, 1)
					assert.Equal(t, tick.At.Add(-990*time.Millisecond), tick.Readings[0].At, "a reading is of the same clock")
				}
			})
		})
	}
}
