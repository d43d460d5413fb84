package auditing_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/checks"
)

// compare runs the checks that compare a window as a whole, and lists those that
// do not hold.
func (x *lab) compare(w audit.Window, truth audit.Truth) map[string]events.Answer {
	x.t.Helper()
	p := x.platform()
	in := p.Compare(w, truth).Input()
	in.Clock = time.Now
	out := map[string]events.Answer{}
	results := checks.Run(x.t.Context(), append([]checks.Check{checks.Unique{Slots: 16}}, sources.Comparing(x.books)...), in)
	for _, r := range results {
		if r.Answer != events.Holds {
			out[r.Check] = r.Answer
		}
	}
	require.Len(x.t, sources.Comparing(x.books), 2)
	require.NotEmpty(x.t, results)
	return out
}

func (x *lab) during(after, to lake.Snapshot) audit.Window {
	x.t.Helper()
	w, err := x.platform().During(x.t.Context(), after.ID, to.ID)
	require.NoError(x.t, err)
	return w
}

// at is where a trade stands.
func at(i int) audit.Place {
	return audit.Place{Partition: int32(i % partitions), Offset: int64(i / partitions)}
}

func TestAFaithfulSinkHoldsAsAWhole(t *testing.T) {
	x := newLab(t, true)
	x.send(300, begin())
	first := x.sink(faithful)
	x.send(200, begin())
	last := x.sink(faithful)
	assert.Empty(t, x.compare(x.during(first, last), nil))
	whole, err := x.platform().Whole(t.Context())
	require.NoError(t, err)
	assert.Len(t, whole.Log, partitions)
	assert.Empty(t, x.compare(whole, nil))

	x.send(50, begin()) // the sink has not come to these
	whole, err = x.platform().Whole(t.Context())
	require.NoError(t, err)
	assert.Empty(t, x.compare(whole, nil))
	w, waited, err := auditing.Settled(t.Context(), x.platform(), begin().Add(-time.Minute), time.Now(), auditing.Options{By: sources.ByMoment, Wait: time.Second})
	require.NoError(t, err)
	require.Error(t, waited)
	w, err = x.platform().Pin(t.Context(), w)
	require.NoError(t, err)
	assert.Empty(t, x.compare(w, nil), "what is in flight is on neither side")
}

// TestASinkWithoutOffsetsInTheTable is one like Kafka Connect's: its group says
// how far it is.
func TestASinkWithoutOffsetsInTheTable(t *testing.T) {
	x := newLab(t, false)
	x.send(100, begin())
	x.sink(faithful)
	_, err := x.platform().Whole(t.Context())
	require.ErrorIs(t, err, sources.ErrNoWindow)
	require.ErrorContains(t, err, "nothing says how far the sink is")
	x.books.Group = "connect"
	var offsets kadm.Offsets
	for p := range int32(partitions) {
		offsets.Add(kadm.Offset{Topic: "trades", Partition: p, At: 50, LeaderEpoch: -1})
	}
	require.NoError(t, kadm.NewClient(x.kafka).CommitAllOffsets(t.Context(), "connect", offsets))
	whole, err := x.platform().Whole(t.Context())
	require.NoError(t, err)
	assert.Empty(t, x.compare(whole, nil))
	_, err = x.platform().Pin(t.Context(), audit.Window{Log: whole.Log})
	require.ErrorIs(t, err, sources.ErrNoWindow, "rows of other times may be there")
	info, err := x.lake.Inspect(t.Context(), "market", "trades")
	require.NoError(t, err)
	_, err = x.platform().During(t.Context(), 0, info.ID)
	require.ErrorIs(t, err, sources.ErrNoWindow, "nothing says which offsets the rows are of")
}

func TestDefectsOfASinkAreSeenAsAWhole(t *testing.T) {
	sums := []string{"window_count", "window_sum_price", "window_sum_quantity", "window_sum_price_x_quantity", "window_digest"}
	for name, c := range map[string]struct {
		sink func(i int, t trade) []trade
		want []string
	}{
		"lost":  {func(i int, t trade) []trade { return map[bool][]trade{true: {t}}[i != 133] }, append(sums, "sequence_seq")},
		"twice": {func(i int, t trade) []trade { return map[bool][]trade{false: {t}, true: {t, t}}[i == 133] }, append(sums, "sequence_seq", "key_unique")},
		"altered": {func(i int, t trade) []trade {
			if i == 133 {
				t.price++
			}
			return []trade{t}
		}, []string{"window_sum_price", "window_sum_price_x_quantity", "window_digest"}},
		"prices of two rows in each other's place": {func(i int, t trade) []trade {
			if i == 133 || i == 140 { // of one quantity
				t.price = 1000 + int64(133+140-i)
			}
			return []trade{t}
		}, []string{"window_digest"}},
		"phantom": {func(i int, t trade) []trade {
			if i == 133 {
				return []trade{t, {id: "nobody", price: 1, at: t.at, quantity: 1, seq: 5}}
			}
			return []trade{t}
		}, sums},
	} {
		t.Run(name, func(t *testing.T) {
			x := newLab(t, true)
			x.send(100, begin())
			before := x.sink(faithful)
			x.send(100, begin())
			w := x.during(before, x.sink(c.sink))
			want := map[string]events.Answer{}
			for _, check := range c.want {
				want[check] = events.Violated
			}
			assert.Equal(t, want, x.compare(w, nil))
		})
	}
}

// changed is what a fault changed.
type changed []audit.Place

func (c changed) Touched(_ context.Context, each func(audit.Place, audit.Change) error) error {
	for _, at := range c {
		if err := each(at, audit.ChangedOnRead); err != nil {
			return err
		}
	}
	return nil
}

// TestWhatIsAccountedForElsewhereIsOnNeitherSide: a dead letter is no loss, and
// what a fault did is not the sink's.
func TestWhatIsAccountedForElsewhereIsOnNeitherSide(t *testing.T) {
	x := newLab(t, true)
	x.send(100, begin())
	x.bury(7, "bad_tick")
	head := x.sink(func(i int, t trade) []trade {
		switch i {
		case 7:
			return nil
		case 50:
			t.price++
		}
		return []trade{t}
	})
	w := x.during(lake.Snapshot{}, head)
	assert.Empty(t, x.compare(w, changed{at(50)}))
	assert.Contains(t, x.compare(w, changed{at(51)}), "window_digest", "another one was changed")
}

// TestTheOwnersUpkeepIsNoDamage: files that were written anew, and snapshots that
// expired, some in the middle of the window.
func TestTheOwnersUpkeepIsNoDamage(t *testing.T) {
	x := newLab(t, true)
	x.send(10, begin())
	before := x.sink(faithful)
	require.NoError(t, x.lake.Tag(t.Context(), "market", "trades", "before", before.ID, time.Hour))
	lost := -1
	for range 8 {
		x.send(10, begin())
		x.sink(func(i int, t trade) []trade {
			if i == lost {
				return nil
			}
			return []trade{t}
		})
	}
	after, err := x.lake.Inspect(t.Context(), "market", "trades")
	require.NoError(t, err)
	w := x.during(before, after.Snapshot)
	require.Empty(t, x.compare(w, nil))
	x.upkeep()
	kept, err := x.lake.Inspect(t.Context(), "market", "trades")
	require.NoError(t, err)
	require.NotEqual(t, after.ID, kept.ID, "files were written anew")
	w = x.during(before, kept.Snapshot)
	assert.Empty(t, x.compare(w, nil))
	a, err := x.lake.Anatomy(t.Context(), "market", "trades")
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(a.Snapshots, func(s lake.AnatomySnapshot) bool { return s.ID == before.ID }))
	places := checks.Places{Topic: "trades", Start: map[int32]int64{}, End: map[int32]int64{0: 45, 1: 45}, Committed: map[int32]int64{0: 45, 1: 45}}
	for _, r := range checks.Run(t.Context(), []checks.Check{checks.Chain{}, checks.Files{}, checks.Offsets{}}, checks.Input{
		Clock: time.Now, After: before.ID, Offsets: func(context.Context) (checks.Places, error) { return places, nil },
		Table: func(ctx context.Context) (*lake.Anatomy, error) { return x.lake.Anatomy(ctx, "market", "trades") },
	}) {
		assert.Equal(t, events.Holds, r.Answer, "%s: %s", r.Check, r.Evidence)
	}

	lost = len(x.sent) + 3
	x.send(10, begin())
	x.sink(func(i int, t trade) []trade {
		if i == lost {
			return nil
		}
		return []trade{t}
	})
	now, err := x.lake.Inspect(t.Context(), "market", "trades")
	require.NoError(t, err)
	assert.Contains(t, x.compare(x.during(before, now.Snapshot), nil), "window_count", "and a loss is still seen")
}

// upkeep compacts the table and expires all snapshots that no tag names.
func (x *lab) upkeep() {
	x.t.Helper()
	_, err := x.lake.Maintain(x.t.Context(), "market", "trades", lake.Upkeep{MinFiles: 2, KeepSnapshots: 1, SnapshotAge: time.Nanosecond})
	require.NoError(x.t, err)
}

func TestATopicWithoutItsBeginningIsNotComparedWhole(t *testing.T) {
	x := newLab(t, true)
	x.send(100, begin())
	head := x.sink(faithful)
	var cut kadm.Offsets
	cut.Add(kadm.Offset{Topic: "trades", Partition: 1, At: 20})
	_, err := kadm.NewClient(x.kafka).DeleteRecords(t.Context(), cut)
	require.NoError(t, err)
	_, err = x.platform().Whole(t.Context())
	require.ErrorIs(t, err, sources.ErrNoWindow)
	require.ErrorContains(t, err, fmt.Sprintf("the oldest record of partition %d is %d", 1, 20))
	assert.Equal(t, map[string]events.Answer{"window_sums": events.Unknown, "sequence_seq": events.Unknown}, x.compare(x.during(lake.Snapshot{}, head), nil))
}
