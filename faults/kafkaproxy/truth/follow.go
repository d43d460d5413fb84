package truth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// chunkBytes is how much is read at once; a line is far shorter.
const chunkBytes = 1 << 20

// placed is a line and the place behind it.
type placed struct {
	line
	after place
}

// read gives the next lines on disk from a place on; none where that is the
// end. The place must be one that read gave, or the zero place.
func (j *Journal) read(from place) ([]placed, error) {
	at, end, err := j.locate(from)
	if err != nil || at.Offset >= end {
		return nil, err
	}
	text := make([]byte, min(end-at.Offset, chunkBytes))
	f, err := os.Open(segmentPath(j.dir, at.Segment))
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	_, err = io.ReadFull(io.NewSectionReader(f, at.Offset, end-at.Offset), text)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	var out []placed
	for {
		i := bytes.IndexByte(text, '\n')
		if i < 0 {
			break
		}
		l, _, err := readLine(text[:i])
		if err != nil {
			return nil, damaged(j.dir, at.Segment, fmt.Errorf("%w at byte %d", ErrDamaged, at.Offset))
		}
		text, at.Offset = text[i+1:], at.Offset+int64(i)+1
		out = append(out, placed{l, at})
	}
	if len(out) == 0 {
		return nil, damaged(j.dir, at.Segment, fmt.Errorf("%w: no line ends after byte %d", ErrDamaged, at.Offset))
	}
	return out, nil
}

// locate moves a place on from the end of a segment to the next one, and says
// where the segment ends.
func (j *Journal) locate(from place) (at place, end int64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, n := range slices.Sorted(maps.Keys(j.sizes)) {
		switch size := j.sizes[n]; {
		case n < from.Segment:
		case n > from.Segment:
			return place{n, 0}, size, nil
		case from.Offset > size:
			return at, 0, damaged(j.dir, n, fmt.Errorf("%w: it has %d bytes, %d are published", ErrDamaged, size, from.Offset))
		case from.Offset < size:
			return from, size, nil
		}
	}
	return from, from.Offset, nil
}

// drop deletes the segments before a place.
func (j *Journal) drop(before place) error {
	j.mu.Lock()
	var old []uint64
	for _, n := range slices.Sorted(maps.Keys(j.sizes)) {
		if n < before.Segment {
			old = append(old, n)
		}
	}
	j.mu.Unlock()
	for _, n := range old {
		if err := os.Remove(segmentPath(j.dir, n)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("deleting what is published: %w", err)
		}
		j.mu.Lock()
		j.total -= j.sizes[n]
		delete(j.sizes, n)
		j.mu.Unlock()
	}
	return nil
}
