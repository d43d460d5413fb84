package truth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/wallclock"
)

var (
	// ErrClosed is returned for entries of a receipt that was closed.
	ErrClosed = errors.New("the receipt is closed")
	// ErrFull is returned for entries that the journal has no room for.
	ErrFull = errors.New("the journal is full")
	errShut = errors.New("the journal is shut")
)

// Options tune a journal. The zero value has the defaults.
type Options struct {
	// SegmentBytes is how long a file grows, default 8 MiB.
	SegmentBytes int64
	// MaxBytes is how much may wait to be published, default 1 GiB; after that
	// entries are refused.
	MaxBytes int64
	// Log is told what was cut off or is damaged; nil is silent.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 8 << 20
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 30
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Journal is the entries on the proxy's own disk until they are published. It
// is safe for concurrent use: who writes at the same time shares one
// fdatasync. Open one; the zero value is of no use.
type Journal struct {
	dir     string
	options Options
	run     string
	lock    *os.File

	mu      sync.Mutex
	pending []*request
	leading bool // somebody commits
	idle    *sync.Cond
	shut    bool
	books   *books
	seq     uint64 // of the last entry of this run that is on disk
	group   uint64
	sizes   map[uint64]int64 // of each segment what is on disk and counts
	total   int64            // of sizes
	grown   chan struct{}    // closed at the next line
	// file is the segment that grows, only touched by who leads; nil: the next
	// commit begins one.
	file   *os.File
	number uint64 // of the last segment
}

// Open opens the journal in a folder, which it makes, and begins a new run. A
// torn end is cut off: no writer was told that it was there. It fails where
// another process has the journal open, and with ErrDamaged where lines are
// gone that were on disk.
func Open(dir string, o Options) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // the proxy's state folder, as its operator names it
		return nil, fmt.Errorf("opening the ground truth: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the journal's folder
	if err != nil {
		return nil, fmt.Errorf("opening the ground truth: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("locking the ground truth in %s: %w: another proxy uses it; give this one a folder of its own", dir, err), lock.Close())
	}
	j := &Journal{
		dir: dir, options: o.withDefaults(), run: rand.Text(), lock: lock,
		books: newBooks(), sizes: map[uint64]int64{}, grown: make(chan struct{}),
	}
	j.idle = sync.NewCond(&j.mu)
	if err := j.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the ground truth in %s: %w", dir, err), lock.Close())
	}
	if err := j.expire(time.Now()); err != nil {
		j.options.Log.Warn("offsets of an earlier run are not settled yet", "error", err)
	}
	return j, nil
}

// Run names this life of the proxy.
func (j *Journal) Run() string { return j.run }

// Shut ends the journal once what is being written is on disk. It is
// idempotent.
func (j *Journal) Shut() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.shut {
		return nil
	}
	j.shut = true
	for j.leading {
		j.idle.Wait()
	}
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Close())
}

// Begin says that a fault is in force, so that Close has something to say of
// it also where it touched nothing. For a receipt that is open it does nothing.
func (j *Journal) Begin(r Receipt) error {
	if r.ID == "" || r.Experiment == "" {
		return errors.New("beginning a ground truth: receipt and experiment must be set")
	}
	return j.submit(&request{alone: true, lines: func() ([]line, error) {
		if _, gone := j.books.closed[r.ID]; gone {
			return nil, fmt.Errorf("beginning the ground truth of receipt %s: %w", r.ID, ErrClosed)
		}
		if _, ok := j.books.open[r.ID]; ok {
			return nil, nil
		}
		return []line{{Begun: &r}}, nil
	}})
}

// Write sets Run, Seq and At of the entries and returns once they are on disk,
// all of them. After an error none of them counts, and their records must be
// left as they are. Begin is implied.
func (j *Journal) Write(entries []Entry) error {
	for i := range entries {
		if e := &entries[i]; e.Receipt == "" || e.Experiment == "" {
			return errors.New("writing ground truth: receipt and experiment must be set")
		}
	}
	if len(entries) == 0 {
		return nil
	}
	return j.submit(&request{entries: entries, lines: func() ([]line, error) {
		if j.total >= j.options.MaxBytes {
			return nil, fmt.Errorf("writing ground truth: %w: %d bytes in %s are not published yet; is the log's Kafka there?", ErrFull, j.total, j.dir)
		}
		lines, now := make([]line, len(entries)), wallclock.Now()
		for i := range entries {
			e := &entries[i]
			if _, gone := j.books.closed[e.Receipt]; gone {
				return nil, fmt.Errorf("writing ground truth of receipt %s: %w", e.Receipt, ErrClosed)
			}
			e.Run, e.At = j.run, now
			lines[i].Entry = e
		}
		return lines, nil
	}})
}

// Settle says that the first record of a produced batch of this run stands at
// base, so that its entries stand at base+Index; -1: nobody knows. The first
// word counts; for a batch that no entry names it does nothing.
func (j *Journal) Settle(batch uint64, base int64) error {
	return j.settle(batchKey{j.run, batch}, base)
}

func (j *Journal) settle(key batchKey, base int64) error {
	return j.submit(&request{lines: func() ([]line, error) {
		if _, ok := j.books.unsettled[key]; !ok {
			return nil, nil
		}
		return []line{{Settled: &settled{key, max(base, -1)}}}, nil
	}})
}

// expire gives up on offsets of batches that have waited since before a
// moment.
func (j *Journal) expire(since time.Time) error {
	j.mu.Lock()
	late := j.books.late(since)
	j.mu.Unlock()
	for _, key := range late {
		if err := j.settle(key, -1); err != nil {
			return err
		}
	}
	return nil
}

// Close says that a receipt has no more entries; the statement is published
// after the last of them. A receipt that is closed, or that nobody began, is
// left alone.
func (j *Journal) Close(receipt string) error {
	return j.submit(&request{alone: true, lines: func() ([]line, error) {
		a, ok := j.books.open[receipt]
		if !ok {
			return nil, nil
		}
		return []line{{Closed: &Closed{Receipt: a.Receipt, Written: a.written(), Runs: slices.Clone(a.Runs), At: wallclock.Now()}}}, nil
	}})
}

// Counts says how many entries of a receipt are on disk or were, over all
// runs.
func (j *Journal) Counts(receipt string) (written uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.books.written(receipt)
}

// Unclosed lists the receipts that were begun and not closed, also those of
// earlier runs: one whose fault is not in force any more is to be closed.
func (j *Journal) Unclosed() []Receipt {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Receipt
	for _, a := range j.books.accounts() {
		out = append(out, a.Receipt)
	}
	return out
}

// watch is closed when a line comes. Take it before looking.
func (j *Journal) watch() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.grown
}
