package rule_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// FuzzRead: whatever is written is refused, or is one fault that was asked
// for, with numbers in their bounds; and reads the same again.
func FuzzRead(f *testing.F) {
	for _, k := range rule.Kinds() {
		f.Add(k.Name, "delay", "200ms", "topic", "a,b*")
		f.Add(k.Name, "type", "bit_flip", "bit", "4")
		f.Add(k.Name, "code", "NOT_COORDINATOR", "rate", "1e-3%")
		f.Add(k.Name, "bytes_per_second", "1.5MiB/s", "direction", "fetch")
	}
	f.Fuzz(func(t *testing.T, kind, a, av, b, bv string) {
		with := map[string]string{a: av, b: bv}
		r, err := rule.Read("id", kind, with)
		if err != nil {
			if !errors.Is(err, faults.ErrRefused) {
				t.Fatalf("no refusal: %v", err)
			}
			if !reflect.DeepEqual(r, rule.Rule{}) {
				t.Fatalf("refused, and yet a rule: %+v", r)
			}
			return
		}
		set := 0
		for _, there := range []bool{r.Bytes != nil, r.Protocol != nil, r.Records != nil, r.Corrupt != nil} {
			if there {
				set++
			}
		}
		if set != 1 || r.Fault != kind || !(r.Often.Rate >= 0 && r.Often.Rate <= 1) || r.Often.Every < 0 || r.Often.First < 0 {
			t.Fatalf("a rule that no engine can take: %+v", r)
		}
		if b := r.Bytes; b != nil && (b.Delay < 0 || b.Jitter < 0 || b.Jitter > b.Delay || b.PerSecond < 0 || b.Do == rule.Bandwidth && b.PerSecond == 0) {
			t.Fatalf("bytes: %+v", *b)
		}
		if (r.Records != nil || r.Corrupt != nil) && r.Where.Direction == rule.Both {
			t.Fatal("a fault of records goes both ways")
		}
		r.Where.Frame(rule.Frame{API: 1, Client: "c"})
		r.Where.Partition("t", 0)
		if again, err := rule.Read("id", kind, with); err != nil || !reflect.DeepEqual(r, again) {
			t.Fatalf("read again: %+v, %v", again, err)
		}
	})
}
