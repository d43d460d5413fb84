package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// State is what became of one trade taken from the feed.
type State string

// The states. Unknown is for records of a process that died before the answer.
const (
	Unknown State = "unknown"
	Pending State = "pending"
	Acked   State = "acked"
	Dropped State = "dropped"
	Failed  State = "failed"
	Shed    State = "shed" // refused to save memory
)

// Receipt says where one trade is. Partition and offset mean something only
// when it is acked; they are -1 otherwise.
type Receipt struct {
	Seq       int64  `json:"seq"`
	TradeID   string `json:"trade_id"`
	Symbol    string `json:"symbol"`
	State     State  `json:"state"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Price     Amount `json:"price"` // as it was taken, and so sent
	Quantity  Amount `json:"quantity"`
	Posted    bool   `json:"posted,omitempty"` // over HTTP: it is none of the feed
}

// Position counts receipts by state since the first start.
type Position struct {
	Taken   int64 `json:"taken"`
	Acked   int64 `json:"acked"`
	Dropped int64 `json:"dropped"`
	Failed  int64 `json:"failed"`
	Shed    int64 `json:"shed"`
	Pending int64 `json:"pending"`
	Unknown int64 `json:"unknown"`
	Posted  int64 `json:"posted"` // of those taken
}

func (p *Position) count(s State, by int64) {
	switch s {
	case Unknown:
		p.Unknown += by
	case Pending:
		p.Pending += by
	case Acked:
		p.Acked += by
	case Dropped:
		p.Dropped += by
	case Failed:
		p.Failed += by
	case Shed:
		p.Shed += by
	}
}

// window is how many of the newest receipts are served from memory.
const window = 100_000

// receipts is the book of the feed: one line when a trade is taken and one
// when its fate is known; the last line of a seq counts.
type receipts struct {
	mu       sync.Mutex
	file     *os.File
	path     string
	position Position
	recent   map[int64]Receipt
}

// openReceipts continues a file; what its dead writer left pending is unknown.
func openReceipts(path string) (*receipts, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // below the operator's home
	if err != nil {
		return nil, fmt.Errorf("opening receipts: %w", err)
	}
	r := &receipts{file: f, path: path, recent: map[int64]Receipt{}}
	if err := r.recover(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (r *receipts) recover() error {
	pending := map[int64]Receipt{}
	whole, err := scan(r.file, func(rec Receipt) {
		r.note(rec, pending)
		if rec.State == Pending {
			pending[rec.Seq] = rec
		} else {
			delete(pending, rec.Seq)
		}
	})
	if err != nil {
		return fmt.Errorf("reading receipts: %w", err)
	}
	if err := r.file.Truncate(whole); err != nil { // a torn last line
		return fmt.Errorf("cutting a torn receipt: %w", err)
	}
	for _, rec := range pending {
		rec.State = Unknown
		if err := r.write(rec); err != nil {
			return err
		}
	}
	return nil
}

// note counts a line that replaces what is known of its seq.
func (r *receipts) note(rec Receipt, pending map[int64]Receipt) {
	if _, ok := pending[rec.Seq]; ok {
		r.position.count(Pending, -1)
	}
	r.add(rec)
}

// add counts a line, and a seq that is new.
func (r *receipts) add(rec Receipt) {
	if rec.Seq > r.position.Taken {
		r.position.Taken = rec.Seq
		if rec.Posted {
			r.position.Posted++
		}
	}
	r.position.count(rec.State, 1)
	r.keep(rec)
}

func (r *receipts) keep(rec Receipt) {
	r.recent[rec.Seq] = rec
	delete(r.recent, r.position.Taken-window)
}

// write appends a line; the caller holds the lock or is alone.
func (r *receipts) write(rec Receipt) error {
	line, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encoding receipt %d: %w", rec.Seq, err)
	}
	if _, err := r.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("writing receipt %d: %w", rec.Seq, err)
	}
	if rec.State != Pending && rec.Seq <= r.position.Taken {
		r.position.count(Pending, -1)
	}
	r.add(rec)
	return nil
}

// take notes a trade before it is produced, and gives it its seq.
func (r *receipts) take(rec Receipt) (Receipt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.Seq, rec.State, rec.Partition, rec.Offset = r.position.Taken+1, Pending, -1, -1
	return rec, r.write(rec)
}

// settle notes the fate of a trade that was taken.
func (r *receipts) settle(rec Receipt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.write(rec)
}

func (r *receipts) now() Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.position
}

// between gives the receipts from…to, in order; the older ones from the file.
func (r *receipts) between(from, to int64) ([]Receipt, error) {
	r.mu.Lock()
	oldest := r.position.Taken - window + 1
	to = min(to, r.position.Taken)
	found := map[int64]Receipt{}
	for seq := max(from, oldest); seq <= to; seq++ {
		found[seq] = r.recent[seq]
	}
	r.mu.Unlock()
	if from < oldest {
		if err := r.fromFile(from, min(to, oldest-1), found); err != nil {
			return nil, err
		}
	}
	out := make([]Receipt, 0, len(found))
	for seq := from; seq <= to; seq++ {
		if rec, ok := found[seq]; ok {
			out = append(out, rec)
		}
	}
	return out, nil
}

func (r *receipts) fromFile(from, to int64, found map[int64]Receipt) error {
	f, err := os.Open(r.path)
	if err != nil {
		return fmt.Errorf("opening receipts: %w", err)
	}
	_, err = scan(f, func(rec Receipt) {
		if rec.Seq >= from && rec.Seq <= to {
			found[rec.Seq] = rec
		}
	})
	return errors.Join(err, f.Close())
}

// scan reads whole lines and says how many bytes they take.
func scan(f io.Reader, see func(Receipt)) (int64, error) {
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
		var rec Receipt
		if err := json.Unmarshal(bytes.TrimSpace(line), &rec); err != nil {
			return whole, fmt.Errorf("decoding the receipt at byte %d: %w", whole, err)
		}
		whole += int64(len(line))
		see(rec)
	}
}

func (r *receipts) close() error { return r.file.Close() }
