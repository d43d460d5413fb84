package verifier_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// TestNothingIsFoundWhereNothingIsWrong: whatever happens to a sink that keeps
// its word, each record is stored once, or is rightly a dead letter, and each
// check holds.
func TestNothingIsFoundWhereNothingIsWrong(t *testing.T) {
	runs, seed := number(t, cleanRuns, 1), number(t, cleanSeed, 1)
	for n := range runs {
		t.Run(fmt.Sprint("seed ", seed+n), func(t *testing.T) {
			t.Parallel()
			clean(t, uint64(seed+n), sizeNow())
		})
	}
}

// mishap is something that may happen to a platform and breaks no promise.
type mishap struct {
	name string
	do   func(w *world, dice *rand.Rand, s size)
}

func mishaps() []mishap {
	maintain := func(u lake.Upkeep) func(*world, *rand.Rand, size) {
		return func(w *world, _ *rand.Rand, _ size) {
			_, err := w.lake.Maintain(w.t.Context(), sink.Namespace, sink.Table, u)
			require.NoError(w.t, err)
		}
	}
	signal := func(what syscall.Signal) func(*world, *rand.Rand, size) {
		return func(w *world, _ *rand.Rand, _ size) { w.sink.signal(what) }
	}
	return []mishap{
		{"sink killed", signal(syscall.SIGKILL)},
		{"sink ended", signal(syscall.SIGTERM)},
		{"partitions go to another sink, while the one before still writes", handOver},
		{"broker restarted, so that producers send again", func(w *world, _ *rand.Rand, _ size) { w.stopBroker(); w.startBroker() }},
		{"registry restarted", func(w *world, _ *rand.Rand, _ size) { w.stopRegistry(); w.startRegistry() }},
		{"table compacted", maintain(lake.Upkeep{MinFiles: 2, KeepSnapshots: 1000})},
		{"snapshots expired", maintain(lake.Upkeep{MinFiles: 1000, KeepSnapshots: 2, SnapshotAge: time.Nanosecond})},
		{"bad records", func(w *world, dice *rand.Rand, _ size) { w.spoil(dice, 1, flaws()...) }},
	}
}

// handOver starts a sink, and ends the one before once both have been at it.
func handOver(w *world, dice *rand.Rand, s size) {
	before := w.sink
	after := w.startSink(fmt.Sprint("sink-", dice.Uint32()), s.batch)
	time.Sleep(time.Duration(dice.IntN(300)) * time.Millisecond) // how long both write
	before.stop()
	require.Same(w.t, after, w.sink)
}

// clean is one run: trades come in by parts, and with each something happens.
func clean(t *testing.T, seed uint64, s size) {
	t.Helper()
	dice := rand.New(rand.NewPCG(seed, 11)) //nolint:gosec // repeatability is wanted, not secrecy
	w := newWorld(t)
	w.startSink("sink", s.batch)
	all := mishaps()
	plan := append([]mishap{all[len(all)-1]}, all...) // bad records twice, all else once
	dice.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	happened, part := make([]string, len(plan)), s.trades/int64(len(plan))
	for i, m := range plan {
		to := part * int64(i+1)
		if i == len(plan)-1 {
			to = s.trades
		}
		stop := w.ingest(seed, to, int(part)*4) // for a quarter of a second
		m.do(w, dice, s)
		w.acked(to)
		stop()
		happened[i] = m.name
	}
	w.ingest(seed, s.trades, 1) // has the receipts
	w.drained()
	story := strings.Join(happened, "; ")
	want := outcome{}
	want.add(account.CorruptedRejected, w.flawed(flaws()...))
	r := w.audit()
	assertOutcome(t, want, int(s.trades)+len(w.spoilt), r)
	assert.Equal(t, events.Holds, r.Answer(), "%s: %s", r.Why(), story)
	results := w.check()
	holding := slices.DeleteFunc(slices.Clone(results), func(c events.IntegrityCheck) bool { return c.Answer == events.Holds })
	assert.Empty(t, holding, story)
	assert.Len(t, answers(results, events.Holds), 14)
	t.Logf("%s: %d records, %d looked at, all is well", story, r.Records, r.Looked)
}
