package auditing_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
)

// producer has receipts in memory, counted from 1.
type producer struct {
	all   []bookkeeping.Receipt
	pages int
	fail  error
	look  func() // at each question
}

func (p *producer) Taken(context.Context) (int64, error) { return int64(len(p.all)), p.fail }

func (p *producer) Receipts(_ context.Context, after, to int64) ([]bookkeeping.Receipt, error) {
	p.pages++
	if p.look != nil {
		p.look()
	}
	return slices.Clone(p.all[after:to]), nil
}

func (p *producer) take(key, state string, partition int32, offset int64) {
	p.all = append(p.all, bookkeeping.Receipt{Key: key, State: state, Place: bookkeeping.Place{Partition: partition, Offset: offset}})
}

// receipted has a receipt for each trade that was sent.
func receipted(x *lab) *producer {
	p := &producer{}
	for i, t := range x.sent {
		p.take(t.id, bookkeeping.StateAcked, int32(i%partitions), int64(i/partitions))
	}
	return p
}

// TestReceiptsTellWhatTheLogCannot: what was never sent, given up, or
// acknowledged and then lost by the log itself.
func TestReceiptsTellWhatTheLogCannot(t *testing.T) {
	x := newLab(t, true)
	x.send(99, begin())
	x.sink(faithful)
	p := receipted(x)
	p.all[7].Key = "lost by the log" // which has another record there
	p.all = slices.Insert(p.all, 20, bookkeeping.Receipt{Key: "dropped", State: bookkeeping.StateDropped, Place: bookkeeping.Place{Offset: -1}},
		bookkeeping.Receipt{Key: "shed", State: bookkeeping.StateShed, Place: bookkeeping.Place{Offset: -1}},
		bookkeeping.Receipt{Key: "unheard", State: "unknown", Place: bookkeeping.Place{Offset: -1}})
	p.all[30].State, p.all[30].Place.Offset = "unknown", -1 // it came through all the same
	p.take("too new to tell", bookkeeping.StateDropped, 0, -1)
	for by, want := range map[sources.By]int64{sources.ByCommits: 1, sources.ByOffsets: 1, sources.ByMoment: 0} {
		o := auditing.Options{By: by, Receipts: &auditing.Receipts{Producer: p}}
		r, err := auditing.Once(t.Context(), x.platform(), begin().Add(-time.Minute), time.Now(), o)
		require.NoError(t, err)
		require.True(t, r.Conclusive(), r.Why())
		if want == 0 {
			assert.Equal(t, map[account.Class]int64{account.StoredOnce: 99}, r.Counts, "no receipt says when a record was made")
			continue
		}
		assert.Equal(t, map[account.Class]int64{
			account.StoredOnce: 98, account.LostAcked: 1, account.DroppedAtSource: 2, account.UnackedAbsent: 1, account.UnackedPresent: 1,
		}, r.Counts, by)
		assert.Equal(t, "lost by the log", r.Examples[account.LostAcked][0].Key)
		assert.Equal(t, 1, auditing.ExitCode(r))
	}
}

// TestAProducerThatCannotBeAskedLeavesTheAuditOpen, and one that does not know yet
// what became of a record.
func TestAProducerThatCannotBeAskedLeavesTheAuditOpen(t *testing.T) {
	x := newLab(t, true)
	x.send(10, begin())
	x.sink(faithful)
	p := receipted(x)
	once := func(wait time.Duration) audit.Report {
		r, err := auditing.Once(t.Context(), x.platform(), begin().Add(-time.Minute), time.Now(), auditing.Options{
			Wait: wait, Receipts: &auditing.Receipts{Producer: p},
		})
		require.NoError(t, err)
		return r
	}
	r := once(time.Minute)
	assert.True(t, r.Conclusive(), r.Why())
	p.all[5].State, p.all[5].Place.Offset = bookkeeping.StatePending, -1
	assert.Contains(t, once(time.Second).Why(), "receipts: after 1s the producer does not know what became of 1 records")
	p.look = func() { p.all[5].State, p.all[5].Place.Offset = bookkeeping.StateAcked, 2 }
	r = once(time.Minute)
	assert.True(t, r.Conclusive(), "it was waited for: %s", r.Why())
	p.fail = errors.New("no producer")
	r = once(time.Minute)
	assert.Contains(t, r.Why(), "receipts: no producer")
	assert.Equal(t, 5, auditing.ExitCode(r))
}

// TestEachReceiptIsOfOnePart however the log is cut, and whatever was not
// acknowledged in between.
func TestEachReceiptIsOfOnePart(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := &producer{}
		next := map[int32]int64{}
		for i := range rapid.IntRange(0, 60).Draw(rt, "n") {
			if rapid.IntRange(0, 2).Draw(rt, "fate") == 0 {
				p.take(fmt.Sprint("k", i), bookkeeping.StateDropped, 0, -1)
				continue
			}
			at := rapid.Int32Range(0, 2).Draw(rt, "partition")
			p.take(fmt.Sprint("k", i), bookkeeping.StateAcked, at, next[at])
			next[at]++
		}
		p.take("last", bookkeeping.StateAcked, 0, next[0])
		next[0]++
		heard, done := map[string]int{}, map[int32]int64{}
		for range rapid.IntRange(1, 4).Draw(rt, "parts") {
			to := map[int32]int64{}
			for at, end := range next {
				to[at] = rapid.Int64Range(done[at], end).Draw(rt, "to")
			}
			p.hear(rt, heard, sources.RangesOf(done, to))
			done = to
		}
		p.hear(rt, heard, sources.RangesOf(done, next))
		require.Len(rt, heard, len(p.all))
		for key, n := range heard {
			require.Equal(rt, 1, n, key)
		}
	})
}

func (p *producer) hear(rt *rapid.T, heard map[string]int, log []audit.Range) {
	part, err := auditing.Receipts{Producer: p}.Of(context.Background(), log, time.Minute)
	require.NoError(rt, err)
	if part == nil {
		return
	}
	require.NoError(rt, part.Receipts(context.Background(), func(s audit.Said) error { heard[string(s.Key)]++; return nil }))
}

// TestReceiptsOfLongAgoAreNotReadAgain: a part at the end of a long log costs no
// more than one at the end of a short one.
func TestReceiptsOfLongAgoAreNotReadAgain(t *testing.T) {
	pages := map[int]int{}
	for _, n := range []int{100_000, 200_000} {
		p := &producer{}
		for i := range n {
			p.take(fmt.Sprint("k", i), bookkeeping.StateAcked, int32(i%3), int64(i/3))
		}
		part, err := auditing.Receipts{Producer: p}.Of(t.Context(), []audit.Range{{From: int64(n)/3 - 100, To: int64(n) / 3}}, time.Minute)
		require.NoError(t, err)
		heard := 0
		require.NoError(t, part.Receipts(t.Context(), func(audit.Said) error { heard++; return nil }))
		assert.Equal(t, 100, heard)
		pages[p.pages]++
	}
	assert.Len(t, pages, 1, "%v", slices.Collect(maps.Keys(pages)))
}
