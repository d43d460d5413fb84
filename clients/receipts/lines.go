package receipts

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
)

// recover reads the lines of before.
func (b *Book[R, P]) recover() error {
	whole, err := scan(b.file, b.note)
	if err != nil {
		return fmt.Errorf("reading receipts: %w", err)
	}
	if err := b.file.Truncate(whole); err != nil {
		return fmt.Errorf("cutting a torn receipt: %w", err)
	}
	for _, seq := range slices.Sorted(maps.Keys(b.pending)) {
		r := b.pending[seq]
		P(&r).fate().State = Unknown
		if err := b.write(r); err != nil {
			return err
		}
	}
	return nil
}

// Between gives the receipts from…to, in order; those that are older than the
// newest 100,000 are read from the file.
func (b *Book[R, P]) Between(from, to int64) ([]R, error) {
	b.mu.Lock()
	oldest := b.position.Taken - window + 1
	to = min(to, b.position.Taken)
	found := map[int64]R{}
	for seq := max(from, oldest); seq <= to; seq++ {
		if r, ok := b.recent[seq]; ok {
			found[seq] = r
		}
	}
	b.mu.Unlock()
	if from < oldest {
		if err := b.fromFile(from, min(to, oldest-1), found); err != nil {
			return nil, err
		}
	}
	out := make([]R, 0, len(found))
	for seq := from; seq <= to; seq++ {
		if r, ok := found[seq]; ok {
			out = append(out, r)
		}
	}
	return out, nil
}

func (b *Book[R, P]) fromFile(from, to int64, found map[int64]R) error {
	f, err := os.Open(b.path)
	if err != nil {
		return fmt.Errorf("opening receipts: %w", err)
	}
	_, err = scan(f, func(r R) {
		if seq := P(&r).fate().Seq; seq >= from && seq <= to {
			found[seq] = r
		}
	})
	return errors.Join(err, f.Close())
}

// scan reads whole lines and says how many bytes they take.
func scan[R any](f io.Reader, see func(R)) (int64, error) {
	in := bufio.NewReaderSize(f, 1<<16)
	var whole int64
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		var r R
		if err := json.Unmarshal(bytes.TrimSpace(line), &r); err != nil {
			return whole, fmt.Errorf("decoding the receipt at byte %d: %w", whole, err)
		}
		whole += int64(len(line))
		see(r)
	}
}
