package ledger

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

var errCorrupt = errors.New("the receipt is corrupt")

const (
	format      = "faultline-receipt-v1" // first word of a file
	longestName = 200                    // leaves room for the rest of a file name
)

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

// entries lists live, last in first.
func (l *Ledger) entries() ([]entry, error) {
	files, err := os.ReadDir(l.in(liveDir))
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, f := range files {
		if strings.HasPrefix(f.Name(), process.TempPrefix) {
			continue
		}
		place, id, _ := strings.Cut(f.Name(), "-")
		seq, err := strconv.ParseUint(place, 10, 64)
		e := entry{seq: seq, id: id}
		if err != nil || f.Name() != e.file() {
			e = entry{odd: f.Name()}
		}
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Compare(b.seq, a.seq) })
	return all, nil
}

// encode writes "format checksum" on a line, and the receipt after it.
func encode(r faults.Receipt) ([]byte, error) {
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s %s\n%s", format, sum(body), body), nil
}

func sum(body []byte) string {
	s := sha256.Sum256(body)
	return hex.EncodeToString(s[:])
}

func (l *Ledger) read(e entry) (faults.Receipt, error) {
	path := l.in(liveDir, e.file())
	raw, err := os.ReadFile(path) //nolint:gosec // below the ledger's folder
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("reading receipt: %w", err)
	}
	head, body, _ := bytes.Cut(raw, []byte("\n"))
	if string(head) != format+" "+sum(body) {
		return faults.Receipt{}, fmt.Errorf("reading receipt %s: %w: its checksum is wrong", path, errCorrupt)
	}
	var r faults.Receipt
	if err := json.Unmarshal(body, &r); err != nil {
		return faults.Receipt{}, fmt.Errorf("reading receipt %s: %w: %w", path, errCorrupt, err)
	}
	if name, err := fileName(r.ID); err != nil || name != e.id {
		return faults.Receipt{}, fmt.Errorf("reading receipt %s: %w: it holds receipt %q", path, errCorrupt, r.ID)
	}
	return r, nil
}

// rest waits a moment for a lock; false when ctx has ended.
func rest(ctx context.Context) bool {
	timer := time.NewTimer(2 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
