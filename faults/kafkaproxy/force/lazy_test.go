package force_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

// TestABatchOfWhichNoRecordIsMetIsNotRead has a batch that cannot be read
// between two that can.
func TestABatchOfWhichNoRecordIsMetIsNotRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		often  often.Often
		unread uint64
		seen   uint64
	}{
		"none at all": {often.Often{Every: 1}, 0, 6},
		"none of it":  {often.Often{Rate: 1, Every: 55}, 0, 6},
		"one of it":   {often.Often{Rate: 1, Every: 54}, 1, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := corrupt(rule.Response)
			r.Often = tc.often
			broken := bytesOf(t, batch(52, "c", "d"))
			broken[len(broken)-2]++
			raw := append(append(bytesOf(t, batch(50, "a", "b")), broken...), bytesOf(t, batch(54, "e", "f"))...)
			h := newHarness(t, r)
			x := h.exchange(fetchRequest(50, time.Second))
			h.ask(x)
			act := h.reply(x, fetched(map[int32][]byte{0: raw}))
			assert.Equal(t, tc.often.Every == 55, act.Do == relay.Send, "offset 54 is the 55th")
			c := h.Status()["r0"]
			assert.Equal(t, []uint64{tc.seen, tc.unread}, []uint64{c.Seen, c.Unread}, "seen, unread")
		})
	}
}

// TestWhatTheClientHasIsNoCandidate of a batch that is not read either.
func TestWhatTheClientHasIsNoCandidate(t *testing.T) {
	t.Parallel()
	r := corrupt(rule.Response)
	r.Often = often.Often{Every: 1} // of rate 0
	h := newHarness(t, r)
	x := h.exchange(fetchRequest(51, time.Second))
	h.ask(x)
	h.reply(x, fetched(map[int32][]byte{0: bytesOf(t, batch(40, "x", "y"), batch(50, "a", "b", "c"))}))
	assert.Equal(t, uint64(2), h.Status()["r0"].Seen)
}

func TestProducedBatchesOfWhichNoRecordIsMet(t *testing.T) {
	t.Parallel()
	r := corrupt(rule.Request)
	r.Often = often.Often{Rate: 1, Every: 5}
	h := newHarness(t, r)
	req := produceRequest(-1, map[int32][]byte{0: bytesOf(t, batch(0, "a", "b"), batch(0, "c", "d"), batch(0, "e", "f"))})
	_, act := h.ask(h.exchange(req))
	assert.Equal(t, relay.Send, act.Do)
	assert.Equal(t, []string{"a", "b", "c", "d", "e!", "f"}, values(t, recordsOf(req, 0)))
	assert.Equal(t, uint64(6), h.Status()["r0"].Seen)
}
