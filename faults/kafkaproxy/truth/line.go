package truth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
)

// line is one line of the journal. Exactly one is set.
type line struct {
	Head    *head    `json:"head,omitempty"`
	Begun   *Receipt `json:"begun,omitempty"`
	Entry   *Entry   `json:"entry,omitempty"`
	Settled *settled `json:"settled,omitempty"`
	Closed  *Closed  `json:"closed,omitempty"`
}

// head begins each segment, so that the ones before it may be deleted.
type head struct {
	// Before is the size of the segment before this one: what stands behind it
	// there was refused to its writer, and counts for nothing.
	Before   int64     `json:"before"`
	Receipts []account `json:"receipts"` // those that are open
}

// settled says where the first record of a produced batch stands.
type settled struct {
	batchKey
	Base int64 `json:"base"` // -1: nobody knows
}

type batchKey struct {
	Run   string `json:"run"`
	Batch uint64 `json:"batch"`
}

// account is what a receipt has so far.
type account struct {
	Receipt
	Runs []RunPart `json:"runs,omitempty"`
}

func (a account) written() (n uint64) {
	for _, part := range a.Runs {
		n += part.Written
	}
	return n
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli) //nolint:gochecknoglobals // a table of the standard library, never written
	errLine    = errors.New("no whole line")
)

// write adds "checksum group json" and the end of the line. Lines that were
// forced to disk together have one group; groups rise in a segment.
func (l line) write(dst []byte, group uint64) ([]byte, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return dst, err
	}
	text := append(strconv.AppendUint(nil, group, 10), ' ')
	text = append(text, body...)
	dst = fmt.Appendf(dst, "%08x ", crc32.Checksum(text, castagnoli))
	return append(append(dst, text...), '\n'), nil
}

// readLine reads a line without its end.
func readLine(raw []byte) (l line, group uint64, err error) {
	check, text, ok := bytes.Cut(raw, []byte(" "))
	if !ok || string(check) != fmt.Sprintf("%08x", crc32.Checksum(text, castagnoli)) {
		return line{}, 0, errLine
	}
	number, body, ok := bytes.Cut(text, []byte(" "))
	if !ok {
		return line{}, 0, errLine
	}
	if group, err = strconv.ParseUint(string(number), 10, 64); err != nil {
		return line{}, 0, errors.Join(errLine, err)
	}
	if err := json.Unmarshal(body, &l); err != nil {
		return line{}, 0, errors.Join(errLine, err)
	}
	return l, group, nil
}
