package payload_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// FuzzPayload holds Corrupt to: no panic, no value written to, the value as it
// was with an error, the same again for the same.
func FuzzPayload(f *testing.F) {
	c := serve(f).corrupter()
	f.Add(frame(tradeAvro, encodedTrade(f, trade())), "price", "venue.fee", int64(time.Hour))
	f.Add(encodedProto(f, `{"id":"1","price":1.5,"venue":{"fee":2},"vendor":{"a":"b"},"at":"2026-05-01T12:00:00Z"}`), "price", "venue.fee", int64(1))
	f.Add(encodedProto(f, `{"id":"1","levels":["1"]}`), "id", "lots", int64(1))
	f.Add(frame(tradeJSON, []byte(`{"price":1,"venue":{"fee":"x"}}`)), "price", "venue.fee", int64(1))
	f.Add([]byte(`{"a\u0062":[{"x":"}\\\""},1 ] , "b" : -1.5e3 , "c" : {} }`), "ab", "b", int64(1))
	f.Add([]byte(`{"at":"2026-05-01T12:00:00.5Z","a":{"b":[1]}}`), "at", "a.b", int64(-1))
	f.Fuzz(func(t *testing.T, value []byte, one, other string, by int64) {
		if len(value) > 4 && value[0] == 0 { // only ids that are known
			value = append([]byte{0, 0, 0, 0, tradeAvro + value[4]%3}, value[5:]...)
		}
		for do := rule.FieldSwap; do <= rule.NewField; do++ {
			how := rule.Corrupt{Do: do, Fields: []string{one, other}, By: time.Duration(by), Bit: -1}
			if do != rule.FieldSwap {
				how.Fields = how.Fields[:1]
			}
			out, changed, err := corrupt(t, c, value, how)
			require.False(t, changed && err != nil)
			if inside := do != rule.BitFlip && do != rule.Truncate && do != rule.NullValue; inside && json.Valid(value) {
				require.True(t, json.Valid(out), "JSON became %q", out)
			}
		}
	})
}
