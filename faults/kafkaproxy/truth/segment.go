package truth

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrDamaged is returned for a journal that lost what it had on disk.
var ErrDamaged = errors.New("the journal is damaged")

const segmentEnd = ".journal"

// place is where a line begins.
type place struct {
	Segment uint64 `json:"segment"`
	Offset  int64  `json:"offset"`
}

func segmentPath(dir string, n uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%012d%s", n, segmentEnd))
}

// segments lists the numbers of the segments of a folder, in their order.
func segments(dir string) ([]uint64, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing the journal: %w", err)
	}
	var out []uint64
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), segmentEnd)
		if n, err := strconv.ParseUint(name, 10, 64); ok && err == nil {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// scan reads the whole lines of a segment's text, and says where they end. What
// a crash tore is one group, at the end: errors.Is ErrDamaged where more is
// missing.
func scan(text []byte, each func(line)) (size int64, err error) {
	torn, last := false, uint64(0)
	for rest := text; len(rest) > 0; {
		raw, more, whole := bytes.Cut(rest, []byte("\n"))
		l, group, err := readLine(raw)
		switch {
		case err != nil || !whole:
			torn = true
		case torn && group > last+1:
			return size, fmt.Errorf("%w: at byte %d lines are missing that were on disk", ErrDamaged, size)
		case !torn:
			each(l)
			last, size = group, size+int64(len(raw))+1
		}
		rest = more
	}
	return size, nil
}

// syncDir has the names of a folder on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the journal's folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
