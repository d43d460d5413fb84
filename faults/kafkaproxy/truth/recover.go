package truth

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"
)

// recover adds up what the segments hold, one at a time.
func (j *Journal) recover() error {
	published, err := readCursor(j.dir)
	if err != nil {
		return err
	}
	numbers, err := j.begun()
	if err != nil {
		return err
	}
	for i, n := range numbers {
		if i > 0 && numbers[i-1]+1 != n {
			return damaged(j.dir, n, fmt.Errorf("%w: the segment before it is gone", ErrDamaged))
		}
		if err := j.take(n, i+1 < len(numbers)); err != nil {
			return damaged(j.dir, n, err)
		}
		j.number = n
	}
	j.number = max(j.number, published.Segment)
	return nil
}

// begun lists the segments, without a last one whose writer died over its
// first line: nothing was ever in it.
func (j *Journal) begun() ([]uint64, error) {
	numbers, err := segments(j.dir)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	last := len(numbers) - 1
	path := segmentPath(j.dir, numbers[last])
	if _, err := headOf(path); err == nil {
		return numbers, nil
	} else if !errors.Is(err, errLine) {
		return nil, err
	}
	if err := errors.Join(os.Remove(path), syncDir(j.dir)); err != nil {
		return nil, fmt.Errorf("removing a segment that was never begun: %w", err)
	}
	return numbers[:last], nil
}

// take adds up one segment. One that another follows must be whole up to
// where that one says; the torn end of the last is cut off.
func (j *Journal) take(n uint64, followed bool) error {
	text, err := os.ReadFile(segmentPath(j.dir, n))
	if err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	size := int64(len(text))
	if followed {
		next, err := headOf(segmentPath(j.dir, n+1))
		if err != nil {
			return fmt.Errorf("%w: the one after it does not say how long it is: %w", ErrDamaged, err)
		}
		size = next.Before
	}
	if int64(len(text)) < size {
		return fmt.Errorf("%w: it has %d bytes and had %d", ErrDamaged, len(text), size)
	}
	whole, err := scan(text[:size], func(l line) { j.books.add(l, time.Time{}) })
	if err != nil {
		return err
	}
	if whole != size {
		if followed {
			return fmt.Errorf("%w: at byte %d lines are missing that were on disk", ErrDamaged, whole)
		}
		j.options.Log.Warn("cut off the torn end of the ground truth", "file", segmentPath(j.dir, n), "bytes", size-whole)
	}
	j.sizes[n] = whole
	j.total += whole
	return nil
}

// headOf is the first line of a segment; errLine where it is not whole.
func headOf(path string) (head, error) {
	f, err := os.Open(path) //nolint:gosec // below the journal's folder
	if err != nil {
		return head{}, fmt.Errorf("reading the journal: %w", err)
	}
	raw, err := bufio.NewReader(f).ReadBytes('\n')
	if errors.Join(err, f.Close()) != nil {
		return head{}, errLine
	}
	l, _, err := readLine(raw[:len(raw)-1])
	if err != nil || l.Head == nil {
		return head{}, errLine
	}
	return *l.Head, nil
}

func damaged(dir string, n uint64, err error) error {
	return fmt.Errorf("segment %s: %w: move the folder away and keep it; experiments whose entries are in it end inconclusive", segmentPath(dir, n), err)
}
