package payload_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// BenchmarkSwap corrupts one value of each format, its schema known.
func BenchmarkSwap(b *testing.B) {
	c := serve(b).corrupter()
	for name, value := range map[string][]byte{
		"avro":     frame(tradeAvro, encodedTrade(b, trade())),
		"json":     []byte(`{"id":"t1","price":101.25,"quantity":3,"note":"hello","conditions":["a","b"],"seen":"2026-05-01T12:00:00Z"}`),
		"protobuf": encodedProto(b, `{"id":"t1","price":101.25,"quantity":3,"note":"hello","conditions":["a","b"],"seen":"2026-05-01T12:00:00Z"}`),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(value)))
			b.ReportAllocs()
			for b.Loop() {
				_, changed, err := c.Corrupt(b.Context(), "trades", value, rule.Corrupt{Do: rule.FieldSwap, Fields: []string{"price", "quantity"}})
				if err != nil || !changed {
					b.Fatal(changed, err)
				}
			}
		})
	}
}
