//go:build e2e

package proxy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/kafkaproxy/record"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
)

// groundTruth is what the proxy has on its disk about a receipt, with the
// offsets that produced records were given.
func (p proxy) groundTruth(t *testing.T, receipt string) (out []truth.Entry) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.home, "kafka-proxy", "truth", "*.journal"))
	require.NoError(t, err)
	settled := map[uint64]int64{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for raw := range bytes.Lines(text) {
			_, body, ok := bytes.Cut(raw, []byte("{"))
			if !ok || !bytes.HasSuffix(raw, []byte("\n")) {
				continue
			}
			var line struct {
				Entry   *truth.Entry `json:"entry"`
				Settled *struct {
					Batch uint64 `json:"batch"`
					Base  int64  `json:"base"`
				} `json:"settled"`
			}
			require.NoError(t, json.Unmarshal(append([]byte("{"), body...), &line))
			switch {
			case line.Settled != nil:
				settled[line.Settled.Batch] = line.Settled.Base
			case line.Entry != nil && line.Entry.Receipt == receipt:
				out = append(out, *line.Entry)
			}
		}
	}
	for i, e := range out {
		if base, ok := settled[e.Batch]; ok && e.Batch > 0 && base >= 0 {
			out[i].Offset = base + int64(e.Index)
		}
	}
	return out
}

// accounted says that the ground truth tells of all that the client saw
// changed, of nothing else, and what it was and became.
func (w window) accounted(t *testing.T, kind string, with map[string]string, entries []truth.Entry) {
	t.Helper()
	require.NotEmpty(t, entries, "%s: what was touched", w.name)
	for _, e := range entries {
		assert.Equal(t, [3]string{w.topic, w.prefix, kind}, [3]string{e.Topic, e.Client, e.Fault}, w.name)
	}
	switch {
	case kind == "kafka.hold" || with["crc"] == "broken":
		return // nobody sees anything else
	case entries[0].Way == "fetch":
		w.readAsTold(t, entries)
	default:
		w.storedAsTold(t, kind, entries)
	}
}

// readAsTold compares entries with what was read and what is stored.
func (w window) readAsTold(t *testing.T, entries []truth.Entry) {
	t.Helper()
	told, read := map[place]truth.Entry{}, map[place]*event{}
	for _, e := range entries { // a record that was fetched twice is touched twice, in one way or two
		told[place{e.Partition, e.Offset}] = e
	}
	for i, e := range w.events[:w.last] {
		if e.Event == "received" {
			read[place{e.Partition, e.Offset}] = &w.events[i]
		}
	}
	var saw, books []place
	for p, r := range w.stored {
		e := read[p]
		changed := e == nil || (e.Value == nil) != (r.Value == nil) || !bytes.Equal(e.Value, r.Value) || e.Timestamp != r.Timestamp.UnixMilli()
		if changed {
			saw = append(saw, p)
		}
		entry, there := told[p]
		if !there {
			continue
		}
		if !changed && entry.After == "" && w.name == "sarama" {
			continue // dropped at the end of its batch: it asks once more, and the record is drawn anew
		}
		books = append(books, p)
		assert.Equal(t, hashOf(r, r.Value), entry.Before, "%s %v", w.name, p)
		switch {
		case e == nil:
			assert.Empty(t, entry.After, "%s %v", w.name, p)
		case e.Value == nil:
			assert.Equal(t, hashOf(r, nil), entry.After, "%s %v", w.name, p)
		default:
			assert.Equal(t, hashOf(r, e.Value), entry.After, "%s %v", w.name, p)
		}
	}
	assert.ElementsMatch(t, books, saw, "%s: what the books tell of, and what it saw", w.name)
}

// storedAsTold compares entries with what was sent and what is stored.
func (w window) storedAsTold(t *testing.T, kind string, entries []truth.Entry) {
	t.Helper()
	lost := 0
	for _, e := range entries {
		r := w.stored[place{e.Partition, e.Offset}]
		if e.After == "" {
			lost++
			continue
		}
		if assert.NotNil(t, r, "%s: %s/%d at %d is stored", w.name, e.Topic, e.Partition, e.Offset) {
			assert.Equal(t, hashOf(r, r.Value), e.After, "%s %d/%d", w.name, e.Partition, e.Offset)
		}
	}
	twice, otherwise, seen := 0, 0, map[int64]bool{}
	for _, r := range w.stored {
		n, whole := w.watched.stored.shape.number(r.Value)
		switch {
		case !whole || elsewhen(r):
			otherwise++
		case seen[n]:
			twice++
		}
		seen[n] = whole
	}
	switch kind {
	case "kafka.drop":
		// One that was sent last may still be on its way to where it is looked for.
		missing := func() (n int) {
			for _, e := range w.events[w.first:w.last] {
				if e.Event == "acked" && !seen[e.N] && !w.watched.stored.holds(w.topic, e.N) {
					n++
				}
			}
			return n
		}
		assert.Eventually(t, func() bool { return missing() == lost }, patience, 10*time.Millisecond,
			"%s: records that were acknowledged, and are nowhere; told of are %d", w.name, lost)
	case "kafka.duplicate":
		assert.Len(t, entries, twice, "%s: records that are there twice", w.name)
	case "kafka.corrupt":
		assert.Len(t, entries, otherwise, "%s: records that are stored otherwise", w.name)
	}
}

func hashOf(r *kgo.Record, value []byte) string {
	return record.Hash(&record.Record{Key: r.Key, Value: value})
}
