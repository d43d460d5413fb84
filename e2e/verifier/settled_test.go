package verifier_test

import (
	"math/rand/v2"
	"testing"

	"github.com/k2-platform/faultline/projections/account"
)

const settledTrades = 1_000

// settled is a world whose sink has written all, bad records among it, and goes on.
func settled(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.ingest(3, settledTrades, 100_000)
	w.spoil(rand.New(rand.NewPCG(3, 4)), 1, flaws()...) //nolint:gosec // repeatability is wanted, not secrecy
	w.acked(settledTrades)
	w.startSink("sink", 50)
	w.drained()
	return w
}

// well is what is to be found of it.
func (w *world) well() outcome {
	out := outcome{}
	out.add(account.CorruptedRejected, w.flawed(flaws()...))
	return out
}

// records is how many there are.
func (w *world) records() int { return settledTrades + len(w.spoilt) }
