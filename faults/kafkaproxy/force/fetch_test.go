package force_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

func TestFetchedRecords(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules []rule.Rule
		want  []string
		told  []string
	}{
		"drop":          {[]rule.Rule{second(records(rule.Drop, rule.Response))}, []string{"a", "c"}, []string{"dropped trades/0@51", "dropped trades/0@53"}},
		"drop all":      {[]rule.Rule{records(rule.Drop, rule.Response)}, []string{}, []string{"dropped trades/0@50", "dropped trades/0@51", "dropped trades/0@52", "dropped trades/0@53"}},
		"values change": {[]rule.Rule{second(records(rule.SwapValues, rule.Response))}, []string{"a", "d", "c", "b"}, []string{"values_swapped trades/0@51", "values_swapped trades/0@53"}},
		"corrupt":       {[]rule.Rule{second(corrupt(rule.Response))}, []string{"a", "b!", "c", "d!"}, []string{"wrong_type trades/0@51", "wrong_type trades/0@53"}},
		"two rules": {
			[]rule.Rule{second(corrupt(rule.Response)), second(records(rule.SwapValues, rule.Response))},
			[]string{"a", "d!", "c", "b!"},
			[]string{"wrong_type trades/0@51", "wrong_type trades/0@53", "values_swapped trades/0@51", "values_swapped trades/0@53"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, c.rules...)
			other := bytesOf(t, batch(50, "x", "y"))
			// two batches, and what the client has already in front of them
			raw := bytesOf(t, batch(40, "old", "old"), batch(50, "a", "b"), batch(52, "c", "d"))
			x := h.exchange(fetchRequest(50, time.Second))
			h.ask(x)
			resp := fetched(map[int32][]byte{0: raw, 1: other})
			act := h.reply(x, resp)
			assert.Equal(t, relay.Send, act.Do)
			assert.Equal(t, append([]string{"old", "old"}, c.want...), values(t, received(resp, 0)))
			assert.Equal(t, other, received(resp, 1), "of another partition")
			assert.Equal(t, c.told, h.journal.told())
			assert.Equal(t, int64(54), end(t, received(resp, 0)), "a client goes on behind the gap")
		})
	}
}

// end is the offset at which a client goes on.
func end(t *testing.T, raw []byte) (next int64) {
	t.Helper()
	_, err := record.Edit(raw, func(b *record.Batch) (bool, error) {
		next = b.BaseOffset + int64(b.LastOffsetDelta) + 1
		return false, nil
	})
	assert.NoError(t, err)
	return next
}

func TestControlBatchesAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, r := range []rule.Rule{records(rule.Drop, rule.Response), corrupt(rule.Response), records(rule.SwapValues, rule.Response), records(rule.Hold, rule.Response)} {
		h := newHarness(t, r)
		b := batch(50, "abort")
		b.Attributes, b.ProducerID, b.ProducerEpoch = 0x30, 4, 0
		raw := bytesOf(t, b)
		x := h.exchange(fetchRequest(50, time.Second))
		h.ask(x)
		resp := fetched(map[int32][]byte{0: raw})
		assert.Equal(t, relay.Action{}, h.reply(x, resp))
		assert.Equal(t, raw, received(resp, 0))
		assert.Zero(t, h.Status()["r0"].Seen)
	}
}

func TestOneOfAnOddNumberKeepsItsValue(t *testing.T) {
	t.Parallel()
	h := newHarness(t, records(rule.SwapValues, rule.Response))
	x := h.exchange(fetchRequest(50, time.Second))
	h.ask(x)
	resp := fetched(map[int32][]byte{0: bytesOf(t, batch(50, "a", "b", "c"))})
	h.reply(x, resp)
	assert.Equal(t, []string{"b", "a", "c"}, values(t, received(resp, 0)))
	assert.Equal(t, uint64(2), h.Status()["r0"].Touched)
	assert.Equal(t, uint64(1), h.Status()["r0"].Skipped)
}

func TestEqualValuesThatChangePlacesAreNotTold(t *testing.T) {
	t.Parallel()
	h := newHarness(t, records(rule.SwapValues, rule.Response))
	x := h.exchange(fetchRequest(50, time.Second))
	h.ask(x)
	raw := bytesOf(t, batch(50, "a", "a"))
	resp := fetched(map[int32][]byte{0: raw})
	assert.Equal(t, relay.Pass, h.reply(x, resp).Do)
	assert.Equal(t, raw, received(resp, 0))
	assert.Empty(t, h.journal.told())
}

func TestHeldRecordsComeLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := records(rule.Hold, rule.Response)
		r.Often = often.Often{Rate: 1, Every: 3}
		h := newHarness(t, r)
		raw := bytesOf(t, batch(51, "a", "b"), batch(53, "c", "d"), batch(55, "e"))
		fetch := func(from int64, wait time.Duration) (*kmsg.FetchResponse, relay.Action) {
			x := h.exchange(fetchRequest(from, wait))
			h.ask(x)
			resp := fetched(map[int32][]byte{0: raw})
			return resp, h.reply(x, resp)
		}
		resp, act := fetch(51, 300*time.Millisecond)
		assert.Equal(t, []string{"a", "b"}, values(t, received(resp, 0)), "up to the third, which is held")
		assert.Equal(t, int64(53), end(t, received(resp, 0)), "the client asks for the third next")
		assert.Equal(t, relay.Action{Do: relay.Send}, act, "what is there does not wait")
		assert.Equal(t, int64(1000), resp.Topics[0].Partitions[0].HighWatermark)

		resp, act = fetch(53, 300*time.Millisecond)
		assert.Empty(t, received(resp, 0))
		assert.Equal(t, 300*time.Millisecond, act.Hold, "the client would ask again at once")

		time.Sleep(800 * time.Millisecond)
		resp, act = fetch(53, 300*time.Millisecond)
		assert.Equal(t, 200*time.Millisecond, act.Hold, "it comes within the wait")
		assert.Equal(t, []string{"c", "d", "e"}, values(t, received(resp, 0))[2:])

		time.Sleep(time.Second)
		resp, act = fetch(51, time.Second)
		assert.Equal(t, relay.Action{}, act, "a second client: what was held has come")
		assert.Equal(t, raw, received(resp, 0))
		assert.Equal(t, []string{"held trades/0@53"}, h.journal.told())
	})
}

func TestABatchIsCutBeforeWhatIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, second(records(rule.Hold, rule.Response)))
		x := h.exchange(fetchRequest(50, time.Second))
		h.ask(x)
		resp := fetched(map[int32][]byte{0: bytesOf(t, batch(50, "a", "b", "c"))})
		h.reply(x, resp)
		assert.Equal(t, []string{"a"}, values(t, received(resp, 0)))
		assert.Equal(t, int64(51), end(t, received(resp, 0)))
	})
}

func TestHeldBesideOthersDoesNotHoldTheResponse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, records(rule.Hold, rule.Response))
		x := h.exchange(fetchRequest(50, time.Second))
		h.ask(x)
		other := bytesOf(t, batch(50, "x"))
		resp := fetched(map[int32][]byte{0: bytesOf(t, batch(50, "a")), 1: other})
		assert.Equal(t, relay.Action{Do: relay.Send}, h.reply(x, resp))
		assert.Empty(t, received(resp, 0))
		assert.Equal(t, other, received(resp, 1))
	})
}

func TestNothingIsFetchedOtherwiseThatCannotBeAccountedFor(t *testing.T) {
	t.Parallel()
	for _, r := range []rule.Rule{records(rule.Drop, rule.Response), corrupt(rule.Response), records(rule.Hold, rule.Response)} {
		h := newHarness(t, r)
		h.journal.full = errors.New("the disk is full")
		raw := bytesOf(t, batch(50, "a", "b"))
		x := h.exchange(fetchRequest(50, time.Second))
		h.ask(x)
		resp := fetched(map[int32][]byte{0: raw})
		assert.Equal(t, relay.Action{}, h.reply(x, resp))
		assert.Equal(t, raw, received(resp, 0))
		assert.Equal(t, uint64(2), h.Status()["r0"].Skipped)
	}
}

func TestSessionsThatLeaveOutAPartition(t *testing.T) {
	t.Parallel()
	h := newHarness(t, records(rule.Drop, rule.Response))
	full := fetchRequest(51, time.Second)
	x := h.exchange(full)
	h.ask(x)
	empty := fetched(nil)
	empty.SessionID = 77
	h.reply(x, empty)

	next := kmsg.NewPtrFetchRequest() // as before: nothing is listed
	next.Version, next.SessionID, next.SessionEpoch = 12, 77, 1
	x = h.exchange(next)
	h.ask(x)
	resp := fetched(map[int32][]byte{0: bytesOf(t, batch(50, "has", "new"))})
	resp.SessionID = 77
	h.reply(x, resp)
	assert.Equal(t, []string{"has"}, values(t, received(resp, 0)))
	assert.Equal(t, []string{"dropped trades/0@51"}, h.journal.told(), "the client has the one before, and skips it")
}

func TestRecordsByTopicID(t *testing.T) {
	t.Parallel()
	h := newHarness(t, corrupt(rule.Response))
	for id, want := range map[[16]byte]string{{7}: "a!", {8}: "a"} {
		req := fetchRequest(50, time.Second)
		req.Version, req.Topics[0].Topic, req.Topics[0].TopicID = 13, "", id
		x := h.exchange(req)
		h.ask(x)
		resp := fetched(map[int32][]byte{0: bytesOf(t, batch(50, "a"))})
		resp.Version, resp.Topics[0].Topic, resp.Topics[0].TopicID = 13, "", id
		h.reply(x, resp)
		assert.Equal(t, []string{want}, values(t, received(resp, 0)))
	}
}
