package events_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// BenchmarkDecodeBatch reads the same batch as Faultline writes it, and with
// spaces, which is what other hands' JSON costs.
func BenchmarkDecodeBatch(b *testing.B) {
	written, err := events.EncodeBatch(events.Batch{Experiment: "x", Version: 1, Cause: "c", Events: samples()}, "")
	if err != nil {
		b.Fatal(err)
	}
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, written.Data, "", " "); err != nil {
		b.Fatal(err)
	}
	for name, data := range map[string][]byte{"as-written": written.Data, "spaced": spaced.Bytes()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			reader := events.NewReader()
			for b.Loop() {
				if _, err := reader.Batch(cloudevent.Event{Type: events.TypeBatch, Data: data}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
