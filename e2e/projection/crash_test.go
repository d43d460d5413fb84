//go:build e2e

package projection_test

import (
	"cmp"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestKilledProjectorsLoseAndDoubleNothing kills a process every two seconds
// for PROJECTION_FOR, a minute where that is not set: one of two projectors or
// the keeper that merges and expires beside them. The log grows by 4,000 rows a
// second meanwhile.
func TestKilledProjectorsLoseAndDoubleNothing(t *testing.T) {
	length, err := time.ParseDuration(cmp.Or(os.Getenv("PROJECTION_FOR"), "1m"))
	require.NoError(t, err)
	w := newWorld(t)
	stop := w.produce(5 * time.Millisecond)
	defer stop()
	names := []string{"one", "other", "keeper"}
	roles := []string{"projector", "projector", "keeper"}
	var live [3]*process
	for i, name := range names {
		live[i] = w.start(roles[i], name)
	}
	kills := map[string]int{}
	moment := time.NewTicker(2 * time.Second)
	defer moment.Stop()
	for end := time.Now().Add(length); time.Now().Before(end); {
		<-moment.C
		i := rand.N(len(live)) //nolint:gosec // any of them
		live[i].kill()
		kills[names[i]]++
		live[i] = w.start(roles[i], names[i])
	}
	stop()
	w.await(5*time.Minute, "the tables have all", func() bool { return w.written() == w.ticks.Load() })
	for _, p := range live {
		p.end()
	}
	rows := w.requireOnce()
	require.Equal(t, w.ticks.Load()*metrics, rows)
	require.Positive(t, kills["one"]+kills["other"])
	t.Logf("%d rows in %s, %.0f a second; killed %v; none lost, none doubled", rows, length, float64(rows)/length.Seconds(), kills)
}
