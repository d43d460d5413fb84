package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
)

var errCorrupt = errors.New("the receipt is corrupt")

// A receipt's file is three parts: "format checksum" on a line, room for a
// note, and the receipt, which alone is checked. The room is taken while the
// disk has some: who undoes the fault on a full disk can still say so.
const (
	format      = "faultline-receipt-v1"
	room        = 1024 // of a note: "checksum json", spaces, and the end of the line
	longestWord = 256  // of cause and by in a note; JSON may need six bytes a letter
)

var errNoNote = errors.New("it holds no note")

// note is what a tombstone tells beside the receipt.
type note struct {
	Cause string    `json:"cause"`
	By    string    `json:"by"`
	At    time.Time `json:"at"`
}

func encode(r faults.Receipt) ([]byte, error) {
	body, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	out := fmt.Appendf(nil, "%s %s\n", format, sum(body))
	out = append(out, blank(nil)...)
	return append(out, body...), nil
}

// noteAt is where the room of a file begins.
func noteAt() int64 { return int64(len(format) + 1 + hex.EncodedLen(sha256.Size) + 1) }

// blank fills the room that a note leaves.
func blank(text []byte) []byte {
	out := bytes.Repeat([]byte(" "), room)
	copy(out, text)
	out[room-1] = '\n'
	return out
}

func (n note) encode() []byte {
	for most := longestWord; ; most /= 2 {
		n.Cause, n.By = n.Cause[:min(len(n.Cause), most)], n.By[:min(len(n.By), most)]
		body, err := json.Marshal(n)
		if err != nil {
			return blank(nil) // a year that JSON has no words for
		}
		if line := fmt.Appendf(nil, "%s %s", sum(body), body); len(line) < room {
			return blank(line)
		}
	}
}

func sum(body []byte) string {
	s := sha256.Sum256(body)
	return hex.EncodeToString(s[:])
}

// decode gives the receipt of a file, and its note if one was written whole.
func decode(raw []byte) (faults.Receipt, note, error) {
	head, rest, _ := bytes.Cut(raw, []byte("\n"))
	if len(rest) < room || string(head) != format+" "+sum(rest[room:]) {
		return faults.Receipt{}, note{}, fmt.Errorf("%w: its checksum is wrong", errCorrupt)
	}
	var r faults.Receipt
	if err := json.Unmarshal(rest[room:], &r); err != nil {
		return faults.Receipt{}, note{}, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	n, err := decodeNote(rest[:room])
	if err != nil {
		n = note{} // lost on a full disk, or torn: the tombstone stands without
	}
	return r, n, nil
}

func decodeNote(text []byte) (note, error) {
	check, body, ok := bytes.Cut(bytes.TrimRight(text, " \n"), []byte(" "))
	if !ok || string(check) != sum(body) {
		return note{}, errNoNote
	}
	var n note
	if err := json.Unmarshal(body, &n); err != nil {
		return note{}, err
	}
	return n, nil
}

func (l *Ledger) read(e entry) (faults.Receipt, error) {
	path := l.in(liveDir, e.file())
	raw, err := readQuietly(path)
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("reading receipt: %w", err)
	}
	r, _, err := decode(raw)
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("reading receipt %s: %w", path, err)
	}
	if name, err := fileName(r.ID); err != nil || name != e.id {
		return faults.Receipt{}, fmt.Errorf("reading receipt %s: %w: it holds receipt %q", path, errCorrupt, r.ID)
	}
	return r, nil
}
