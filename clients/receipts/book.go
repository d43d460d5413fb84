package receipts

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
)

// window is how many of the newest receipts are served from memory.
const window = 100_000

// Book holds one line for a record when it is taken and one when its fate is
// known; the last line of a number counts. It is safe for concurrent use. Lines
// are written at once and not synced: a book outlives its process, and not the
// machine.
type Book[R any, P Receipt[R]] struct {
	mu       sync.Mutex
	file     *os.File
	path     string
	taken    func(R)
	position Position
	pending  map[int64]R
	recent   map[int64]R
}

// Open continues the book in a file, or begins it. What a writer that died left
// pending is Unknown from then on, and a line that it left torn is cut off. One
// process at a time may have a book open. taken, where it is not nil, is told
// of each record when it is taken, and by Open of those of before, in order.
func Open[R any, P Receipt[R]](path string, taken func(R)) (*Book[R, P], error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the producer's own
	if err != nil {
		return nil, fmt.Errorf("opening receipts: %w", err)
	}
	if taken == nil {
		taken = func(R) {}
	}
	b := &Book[R, P]{file: f, path: path, taken: taken, pending: map[int64]R{}, recent: map[int64]R{}}
	if err := b.recover(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return b, nil
}

// Take notes a record before it is sent, and gives its receipt a number. After
// an error the record must not be sent: nobody would know of it.
func (b *Book[R, P]) Take(r R) (R, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*P(&r).fate() = Fate{Seq: b.position.Taken + 1, State: Pending, Partition: -1, Offset: -1}
	return r, b.write(r)
}

// Settle notes the fate of a record that was taken, once.
func (b *Book[R, P]) Settle(r R) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := P(&r).fate()
	if _, ok := b.pending[f.Seq]; !ok || f.State == Pending {
		return fmt.Errorf("settling receipt %d as %q: it is not waiting for that; settle each one once, with a state other than pending", f.Seq, f.State)
	}
	return b.write(r)
}

// Deliver settles a record with what a producer's callback was told: Acked
// without an error, else Unknown, since a record whose answer was lost may have
// been written. Who knows better that it was not calls Settle.
func (b *Book[R, P]) Deliver(r R, partition int32, offset int64, err error) error {
	if f := P(&r).fate(); err == nil {
		f.Acknowledge(partition, offset)
	} else {
		f.State = Unknown
	}
	return b.Settle(r)
}

// Position is how far the book is.
func (b *Book[R, P]) Position() Position {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.position
}

// Close ends the book; what is pending is Unknown when it is opened again.
func (b *Book[R, P]) Close() error { return b.file.Close() }

// write appends a line; the caller holds the lock or is alone.
func (b *Book[R, P]) write(r R) error {
	seq := P(&r).fate().Seq
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding receipt %d: %w", seq, err)
	}
	if _, err := b.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("writing receipt %d: %w", seq, err)
	}
	b.note(r)
	return nil
}

// note counts a line, which replaces what was known of its number.
func (b *Book[R, P]) note(r R) {
	f := P(&r).fate()
	if _, ok := b.pending[f.Seq]; ok {
		b.position.count(Pending, -1)
		delete(b.pending, f.Seq)
	}
	if f.State == Pending {
		b.pending[f.Seq] = r
	}
	b.position.count(f.State, 1)
	if f.Seq > b.position.Taken {
		b.position.Taken = f.Seq
		b.taken(r)
	}
	b.recent[f.Seq] = r
	delete(b.recent, b.position.Taken-window)
}
