package force_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

func second(r rule.Rule) rule.Rule {
	r.Often = often.Often{Rate: 1, Every: 2}
	return r
}

func TestProducedRecords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules  []rule.Rule
		want   []string // what reaches the broker
		told   []string // once it stands at 100
		copies []string
	}{
		"drop":    {[]rule.Rule{second(records(rule.Drop, rule.Request))}, []string{"a", "c"}, []string{"dropped trades/0@-1", "dropped trades/0@-1"}, nil},
		"reorder": {[]rule.Rule{second(records(rule.Reorder, rule.Request))}, []string{"a", "d", "c", "b"}, []string{"reordered trades/0@101", "reordered trades/0@103"}, nil},
		"corrupt": {[]rule.Rule{second(corrupt(rule.Request))}, []string{"a", "b!", "c", "d!"}, []string{"wrong_type trades/0@101", "wrong_type trades/0@103"}, nil},
		"duplicate": {
			[]rule.Rule{second(records(rule.Duplicate, rule.Request))},
			[]string{"a", "b", "c", "d"},
			[]string{"duplicated trades/0@101", "duplicated trades/0@103"},
			[]string{"trades/0 [b]", "trades/0 [d]"},
		},
		"corrupt, then drop the second of each two: the account follows": {
			[]rule.Rule{second(corrupt(rule.Request)), second(records(rule.Drop, rule.Request))},
			[]string{"a", "c"},
			[]string{"wrong_type trades/0@-1", "wrong_type trades/0@-1", "dropped trades/0@-1", "dropped trades/0@-1"},
			nil,
		},
		"corrupt all, then drop": {
			[]rule.Rule{corrupt(rule.Request), second(records(rule.Drop, rule.Request))},
			[]string{"a!", "c!"},
			[]string{"wrong_type trades/0@100", "wrong_type trades/0@-1", "wrong_type trades/0@101", "wrong_type trades/0@-1", "dropped trades/0@-1", "dropped trades/0@-1"},
			nil,
		},
		"reorder after corruption": {
			[]rule.Rule{{ID: "c", Fault: "kafka.corrupt", Often: often.Often{Rate: 1, First: 1}, Where: corrupt(rule.Request).Where, Corrupt: corrupt(rule.Request).Corrupt}, records(rule.Reorder, rule.Request)},
			[]string{"b", "a!", "d", "c"},
			[]string{"wrong_type trades/0@101", "reordered trades/0@100", "reordered trades/0@101", "reordered trades/0@102", "reordered trades/0@103"},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, c.rules...)
			untouched := bytesOf(t, batch(0, "x", "y"))
			req := produceRequest(-1, map[int32][]byte{0: bytesOf(t, batch(0, "a", "b", "c", "d")), 1: untouched})
			x := h.exchange(req)
			_, act := h.ask(x)
			if len(c.copies) == 0 {
				assert.Equal(t, relay.Send, act.Do)
			}
			assert.Equal(t, c.want, values(t, recordsOf(req, 0)))
			assert.Equal(t, untouched, recordsOf(req, 1), "of another partition")
			h.reply(x, produced(req, 100))
			assert.Equal(t, c.told, h.journal.told())
			assert.Equal(t, c.copies, h.copies)
		})
	}
}

func TestDroppedBatchesAreAnsweredHere(t *testing.T) {
	t.Parallel()
	h := newHarness(t, records(rule.Drop, rule.Request))
	req := produceRequest(-1, map[int32][]byte{0: bytesOf(t, batch(0, "a", "b")), 1: bytesOf(t, batch(0, "x"))})
	x := h.exchange(req)
	_, act := h.ask(x)
	assert.Equal(t, relay.Send, act.Do)
	assert.Nil(t, recordsOf(req, 0), "no broker takes an empty batch")
	assert.Equal(t, []string{"x"}, values(t, recordsOf(req, 1)))
	resp := produced(req, 5)
	assert.Equal(t, relay.Send, h.reply(x, resp).Do)
	assert.Len(t, resp.Topics, 1)
	assert.Equal(t, int64(5), resp.Topics[0].Partitions[0].BaseOffset)
	assert.Equal(t, int32(0), resp.Topics[0].Partitions[1].Partition)
	assert.Equal(t, int64(-1), resp.Topics[0].Partitions[1].BaseOffset, "nobody knows an offset of what is not there")
	assert.Zero(t, resp.Topics[0].Partitions[1].ErrorCode)

	req = produceRequest(-1, map[int32][]byte{0: bytesOf(t, batch(0, "a"))})
	x = h.exchange(req)
	_, act = h.ask(x)
	assert.Equal(t, relay.Answer, act.Do)
	assert.Zero(t, x.Response.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)
	assert.Equal(t, relay.Pass, h.Response(t.Context(), x).Do, "what was answered here is answered")
}

func TestIdempotentBatchesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]rule.RecordFault{"drop": rule.Drop, "reorder": rule.Reorder, "hold": rule.Hold} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, records(do, rule.Request))
			b := batch(0, "a", "b")
			b.ProducerID, b.ProducerEpoch, b.BaseSequence = 9, 0, 4
			raw := bytesOf(t, b)
			req := produceRequest(-1, map[int32][]byte{0: raw})
			_, act := h.ask(h.exchange(req))
			assert.Equal(t, relay.Action{}, act)
			assert.Equal(t, raw, recordsOf(req, 0))
			assert.Equal(t, uint64(2), h.Status()["r0"].Skipped)
			assert.Empty(t, h.journal.told())
		})
	}
}

func TestCorruptedIdempotentBatchesComeAgainTheSame(t *testing.T) {
	t.Parallel()
	r := corrupt(rule.Request)
	r.Often = often.Often{Rate: 0.5, Seed: 3}
	h := newHarness(t, r)
	b := batch(0, "a", "b", "c", "d", "e", "f")
	b.ProducerID, b.ProducerEpoch, b.BaseSequence = 9, 0, 4
	raw := bytesOf(t, b)

	first := produceRequest(-1, map[int32][]byte{0: raw})
	x := h.exchange(first)
	h.ask(x)
	h.Lost(x)
	was := h.journal.told()
	assert.NotEmpty(t, was)

	again := produceRequest(-1, map[int32][]byte{0: raw})
	x = h.exchange(again)
	h.ask(x)
	assert.Equal(t, recordsOf(first, 0), recordsOf(again, 0), "the broker keeps the first of them, whichever that is")
	_, err := record.Edit(recordsOf(again, 0), func(b *record.Batch) (bool, error) {
		assert.Equal(t, int64(9), b.ProducerID)
		assert.Equal(t, int32(4), b.BaseSequence)
		assert.Len(t, b.Records, 6)
		return false, nil
	})
	require.NoError(t, err)
	h.reply(x, produced(again, 40))
	told := h.journal.told()
	assert.Len(t, told, len(was), "nothing is accounted for twice")
	assert.NotContains(t, told[0], "@-1")
}

func TestCopiesAreMadeOnceAndOnlyOfWhatIsThere(t *testing.T) {
	t.Parallel()
	h := newHarness(t, records(rule.Duplicate, rule.Request))
	b := batch(0, "a")
	b.ProducerID, b.ProducerEpoch, b.BaseSequence = 9, 0, 4
	raw := bytesOf(t, b)
	req := produceRequest(-1, map[int32][]byte{0: raw})
	x := h.exchange(req)
	h.ask(x)
	failed := produced(req, -1)
	failed.Topics[0].Partitions[0].ErrorCode = 19
	h.reply(x, failed)
	assert.Empty(t, h.copies, "the broker has not even one")
	for range 2 { // the second one is the retry of a lost acknowledgement
		req = produceRequest(-1, map[int32][]byte{0: raw})
		x = h.exchange(req)
		h.ask(x)
		h.reply(x, produced(req, 8))
	}
	assert.Equal(t, []string{"trades/0 [a]"}, h.copies)
	assert.Equal(t, []string{"duplicated trades/0@8"}, h.journal.told())
}

func TestTransactionsAreNotDuplicated(t *testing.T) {
	t.Parallel()
	h := newHarness(t, records(rule.Duplicate, rule.Request))
	b := batch(0, "a")
	b.ProducerID, b.ProducerEpoch, b.BaseSequence, b.Attributes = 9, 0, 4, 0x10
	req := produceRequest(-1, map[int32][]byte{0: bytesOf(t, b)})
	x := h.exchange(req)
	h.ask(x)
	h.reply(x, produced(req, 8))
	assert.Empty(t, h.copies)
	assert.Equal(t, uint64(1), h.Status()["r0"].Skipped)
}

func TestHeldRequestsWait(t *testing.T) {
	t.Parallel()
	h := newHarness(t, records(rule.Hold, rule.Request))
	req := produceRequest(-1, map[int32][]byte{0: bytesOf(t, batch(0, "a"))})
	x := h.exchange(req)
	_, act := h.ask(x)
	assert.Equal(t, time.Second, act.Hold)
	h.reply(x, produced(req, 8))
	assert.Equal(t, []string{"held trades/0@8"}, h.journal.told())

	other := produceRequest(-1, map[int32][]byte{1: bytesOf(t, batch(0, "a"))})
	_, act = h.ask(h.exchange(other))
	assert.Equal(t, relay.Action{}, act, "of another partition")
}

func TestNothingIsTouchedThatCannotBeAccountedFor(t *testing.T) {
	t.Parallel()
	h := newHarness(t, corrupt(rule.Request), records(rule.Drop, rule.Request), records(rule.Hold, rule.Request))
	h.journal.full = errors.New("the disk is full")
	raw := bytesOf(t, batch(0, "a", "b"))
	req := produceRequest(-1, map[int32][]byte{0: raw})
	_, act := h.ask(h.exchange(req))
	assert.Equal(t, relay.Action{}, act)
	assert.Equal(t, raw, recordsOf(req, 0))
	for id, c := range h.Status() {
		assert.Zero(t, c.Touched, id)
	}
	assert.Equal(t, uint64(2), h.Status()["r0"].Skipped)
	assert.Contains(t, h.Status()["r0"].Why, "the ground truth could not be written: the disk is full")
}

func TestUnreadAndUnchangedValuesAreNoCorruption(t *testing.T) {
	t.Parallel()
	h := newHarness(t, corrupt(rule.Request))
	raw := bytesOf(t, batch(0, "secret", "same"))
	req := produceRequest(-1, map[int32][]byte{0: raw})
	_, act := h.ask(h.exchange(req))
	assert.Equal(t, relay.Action{}, act)
	assert.Equal(t, raw, recordsOf(req, 0))
	c := h.Status()["r0"]
	assert.Equal(t, []uint64{0, 1, 1}, []uint64{c.Touched, c.Unread, c.Skipped})
	assert.Empty(t, h.journal.told())
}
