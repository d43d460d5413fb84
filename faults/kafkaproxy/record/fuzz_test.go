package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
)

// FuzzBatches holds Edit to: no panic, bounded memory, bytes that were not
// changed stay, and what was changed can be read again.
func FuzzBatches(f *testing.F) {
	for _, kind := range kinds() {
		f.Add(encoded(f, plainBatch(kind, 5, 3)))
	}
	f.Add(append(oldMessage(1), 0, 1, 2))
	c := &record.Codec{Limit: 1 << 20}
	f.Fuzz(func(t *testing.T, raw []byte) {
		// Most mutations break the checksum; repaired, they reach what is behind it.
		if len(raw) > 61 && raw[16] == 2 {
			raw = withRecords(raw, raw[61:])
		}
		same, _ := c.Edit(raw, func(*record.Batch) (bool, error) { return false, nil })
		require.Equal(t, raw, same)
		batches := 0
		out, _ := c.Edit(raw, func(*record.Batch) (bool, error) { batches++; return true, nil })
		again := 0
		_, _ = c.Edit(out, func(*record.Batch) (bool, error) { again++; return false, nil })
		require.Equal(t, batches, again)
	})
}
