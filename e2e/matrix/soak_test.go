//go:build failpoint

package matrix_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/spec"
)

// TestSoak runs one experiment after the other in one world, and lets something
// die at a random moment of each.
func TestSoak(t *testing.T) {
	o := optionsOf(t)
	if o.soak == 0 {
		t.Skip("no time was given: make soak")
	}
	t.Logf("MATRIX_SEED=%d", o.seed)
	random := o.random()
	w := pausedWorld(t)
	ended := map[spec.ExperimentID]experiment.State{}
	var id spec.ExperimentID
	for end := time.Now().Add(o.soak); time.Now().Before(end); {
		id = spec.ExperimentID("soak-" + strconv.Itoa(len(ended)))
		ended[id] = w.soak(id, random)
	}
	w.endController(id)
	w.checkTables(ended)
	t.Logf("%d runs", len(ended))
}

// soak is one run with one death.
func (w *world) soak(id spec.ExperimentID, random *rand.Rand) experiment.State {
	t := w.t
	t.Helper()
	all := deaths()
	d, moment := all[random.IntN(len(all))], time.Duration(random.Int64N(int64(8*time.Second)))
	w.await(30*time.Second, "Kafka", func() bool {
		b, err := bus.Open(bus.Config{Brokers: []string{w.kafka}}, nil)
		if err != nil {
			return false
		}
		defer func() { _ = b.Close() }()
		return w.schedule(b, id, random.IntN(2) == 0) == nil
	})
	time.Sleep(moment) // the moment is the test
	inside, at := w.target.isBroken(), time.Now()
	d.strike(w)()
	s := w.over(id)
	require.NoError(t, os.RemoveAll(filepath.Join(w.points, "clock")))
	w.checkLedger()
	gone, ok := w.target.goneAfter(at)
	if inside && assert.True(t, ok, "%s: the fault was never seen gone", d.name) {
		assert.LessOrEqual(t, gone, d.bound, "%s: the fault was seen gone too late", d.name)
	}
	assert.False(t, w.target.isBroken(), "%s: the fault is still in place", d.name)
	t.Logf("%s after %s: %s, %s, gone after %s", d.name, moment.Round(time.Millisecond), s.Phase, s.Verdict, gone.Round(time.Millisecond))
	return s
}
