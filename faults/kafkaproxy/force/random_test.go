package force_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/often"
)

// TestAnyRules: whatever record faults are in force, other partitions stay
// byte for byte, each record that differs is told, clients go on at the same
// offset or earlier, and the same seed gives the same again.
func TestAnyRules(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rules := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) rule.Rule {
			r := rapid.SampledFrom([]rule.Rule{
				records(rule.Drop, rule.Response), records(rule.SwapValues, rule.Response), records(rule.Hold, rule.Response), corrupt(rule.Response),
			}).Draw(rt, "rule")
			r.Often = often.Often{Rate: rapid.Float64Range(0, 1).Draw(rt, "rate"), Every: rapid.IntRange(0, 3).Draw(rt, "every"), Seed: rapid.Uint64().Draw(rt, "seed")}
			return r
		}), 0, 4).Draw(rt, "rules")
		var batches []*record.Batch
		next := int64(50)
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 5), 1, 4).Draw(rt, "batches") {
			vals := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "same", "secret"}), n, n).Draw(rt, "values")
			b := batch(next, vals...)
			b.Attributes = rapid.SampledFrom([]int16{0, 0, 2, 0x10, 0x20}).Draw(rt, "attributes")
			batches = append(batches, b)
			next += int64(n)
		}
		raw, other := bytesOf(t, batches...), bytesOf(t, batch(50, "x"))
		run := func() ([]byte, []string) {
			h := newHarness(t, slices.Clone(rules)...)
			x := h.exchange(fetchRequest(50, time.Second))
			need, _ := h.ask(x)
			if len(rules) == 0 && need != 0 {
				rt.Fatalf("without a rule %b is asked for", need)
			}
			resp := fetched(map[int32][]byte{0: raw, 1: other})
			if need != 0 {
				h.reply(x, resp)
			}
			if string(received(resp, 1)) != string(other) {
				rt.Fatalf("a partition that is not selected was touched")
			}
			told := h.journal.told()
			if string(received(resp, 0)) != string(raw) && len(told) == 0 {
				rt.Fatalf("records differ, and nothing was told")
			}
			if e := end(t, received(resp, 0)); e > next {
				rt.Fatalf("a client would go on at %d, behind the end at %d", e, next)
			}
			return received(resp, 0), told
		}
		one, told := run()
		again, toldAgain := run()
		if string(one) != string(again) || !slices.Equal(told, toldAgain) {
			rt.Fatalf("the same seed gave something else")
		}
	})
}
