package ledger

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/internal/process"
)

const longestName = 200 // leaves room for the rest of a file name

// entry is the name of a file in live: its place and its receipt's id.
type entry struct {
	seq uint64
	id  string // as fileName gives it
	odd string // the whole name of a file that is not named as a receipt
}

func (e entry) file() string {
	if e.odd != "" {
		return e.odd
	}
	return fmt.Sprintf("%020d-%s", e.seq, e.id)
}

// fileName makes an id fit for a folder: "/" and the like are escaped.
func fileName(id string) (string, error) {
	name := url.PathEscape(id)
	if name == "" || len(name) > longestName {
		return "", fmt.Errorf("receipt id %q: write 1 to %d letters", id, longestName)
	}
	return "id-" + name, nil
}

// idOf is the id of a file name that fileName gave.
func idOf(name string) (string, bool) {
	escaped, ok := strings.CutPrefix(name, "id-")
	id, err := url.PathUnescape(escaped)
	return id, ok && err == nil
}

// entries lists live, last in first.
func (l *Ledger) entries() ([]entry, error) {
	files, err := namesIn(l.in(liveDir))
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, f := range files {
		if strings.HasPrefix(f, process.TempPrefix) {
			continue
		}
		place, id, _ := strings.Cut(f, "-")
		seq, err := strconv.ParseUint(place, 10, 64)
		e := entry{seq: seq, id: id}
		if err != nil || f != e.file() {
			e = entry{odd: f}
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(b.seq, a.seq) })
	return all, nil
}

func named(all []entry, name string) (entry, bool) {
	i := slices.IndexFunc(all, func(e entry) bool { return e.id == name })
	if i < 0 {
		return entry{}, false
	}
	return all[i], true
}

// next is the place of a receipt that comes now.
func (l *Ledger) next() (uint64, error) {
	entries, err := l.entries()
	if err != nil || len(entries) == 0 {
		return 1, err
	}
	return entries[0].seq + 1, nil
}
