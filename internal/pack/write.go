// Package pack writes numbers, texts and times one after the other, and reads
// them back. What is written says nothing of itself: writer and reader must
// agree on the order. No I/O.
package pack

import (
	"encoding/binary"
	"time"
)

// Writer appends values to Out. The zero value is ready for use.
type Writer struct{ Out []byte }

// Number takes a byte for a small one, ten for the greatest.
func (w *Writer) Number(n uint64) { w.Out = binary.AppendUvarint(w.Out, n) }

// Text is any bytes.
func (w *Writer) Text(s string) {
	w.Number(uint64(len(s)))
	w.Out = append(w.Out, s...)
}

// Time keeps the instant, not the zone.
func (w *Writer) Time(t time.Time) {
	w.Out = binary.AppendVarint(w.Out, t.Unix())
	w.Number(uint64(t.Nanosecond())) //nolint:gosec // never negative
}

// mostAlike bounds what one byte of text can stand for.
const mostAlike = 255

// Alike packs texts of which each begins much as the one before; the first
// one as before does.
func (w *Writer) Alike(before string, texts []string) {
	w.Number(uint64(len(texts)))
	for _, t := range texts {
		same := 0
		for same < min(len(before), len(t), mostAlike) && before[same] == t[same] {
			same++
		}
		w.Number(uint64(same))
		w.Text(t[same:])
		before = t
	}
}
