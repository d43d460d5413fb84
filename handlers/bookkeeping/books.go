// Package bookkeeping accounts for the records of an experiment, one by one:
// what was taken from the feed is in the table, among the dead letters, or
// missing.
package bookkeeping

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/spec"
)

// Table is the table that the records end up in.
type Table interface {
	// Snapshot is the current one, 0 where there is none yet.
	Snapshot(ctx context.Context) (int64, error)
	// Stored is the next offset of each partition that the table lacks.
	Stored(ctx context.Context) (map[int32]int64, error)
	// Rows calls each for every row of a snapshot, with its key and the values of
	// the columns that the books compare. Nobody keeps the slice.
	Rows(ctx context.Context, snapshot int64, each func(key string, values []string)) error
}

// Place is where a record stood in the source topic.
type Place struct {
	Partition int32
	Offset    int64
}

// Topics reads the platform's Kafka.
type Topics interface {
	// Ends are the offsets after the last record of the source topic.
	Ends(ctx context.Context) (map[int32]int64, error)
	// Letters calls each for every dead letter of the source topic.
	Letters(ctx context.Context, each func(Place)) error
}

// Window is what an Auditor accounts for: the flow between two marks.
type Window struct {
	From, To events.BookMark
	Receipts []Receipt
	Touched  map[Place]Touch
}

// Receipt is what the producer says of one record: its state is one of the words
// of the producer, and its place where it was acknowledged, else below 0.
type Receipt struct {
	Key   string
	State string
	Place Place
}

// Auditor puts every record of a window into one class.
type Auditor interface {
	// Audit never fails: what it could not read makes the ledger incomplete.
	Audit(ctx context.Context, w Window) events.RecordLedger
}

const (
	ask  = 10 * time.Second // one question to the producer
	look = 250 * time.Millisecond
	// examples is how many keys of missing records are named.
	examples = 10
)

// Keeper keeps the books of one platform.
type Keeper struct {
	feed   feed
	table  Table
	topics Topics
	topic  string // the source

	// Auditor keeps the ledger of records; nil: there is none.
	Auditor Auditor
}

// New makes a keeper that asks the producer named by the platform.
func New(b spec.Books, table Table, topics Topics) *Keeper {
	return &Keeper{feed: feed{b.Receipts, &http.Client{Timeout: ask}, b.Compare}, table: table, topics: topics, topic: b.Topic}
}

// Open marks where the experiment's records begin.
func (k *Keeper) Open(ctx context.Context) (*events.BookMark, error) {
	at, err := k.mark(ctx)
	if err != nil {
		return nil, err
	}
	return &at, nil
}

func (k *Keeper) mark(ctx context.Context) (events.BookMark, error) {
	p, err := k.feed.position(ctx)
	if err != nil {
		return events.BookMark{}, err
	}
	snapshot, err := k.table.Snapshot(ctx)
	return events.BookMark{Taken: p.Taken, Snapshot: snapshot}, err
}

// Snapshot is the table as it is now.
func (k *Keeper) Snapshot(ctx context.Context) (int64, error) { return k.table.Snapshot(ctx) }

// Close accounts for every record taken since from. It waits that long for
// the records to arrive: until none is under way at the producer, and the table
// holds all that stood in the source topic then. What could not be read or did
// not arrive in time leaves the books open, and Why says so. touched is asked
// once, last: it may wait until all is known that faults did.
func (k *Keeper) Close(
	ctx context.Context, from events.BookMark, during int64, wait time.Duration, touched func() Touched,
) events.BooksClosed {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	out := events.BooksClosed{From: from, During: during}
	if err := k.account(ctx, &out, touched); err != nil {
		out.Why = err.Error()
		return out
	}
	out.Balanced = true
	if l := out.Ledger; l != nil && !l.Complete {
		out.Balanced, out.Why = false, "the ledger of records is not complete: "+l.Why
	}
	return out
}

func (k *Keeper) account(ctx context.Context, out *events.BooksClosed, touched func() Touched) error {
	p, err := k.feed.position(ctx)
	if err != nil {
		return err
	}
	out.To.Taken = p.Taken
	taken, err := k.settled(ctx, out.From.Taken, p.Taken)
	if err != nil {
		return err
	}
	if err := k.drained(ctx); err != nil {
		return err
	}
	if out.To.Snapshot, err = k.table.Snapshot(ctx); err != nil {
		return err
	}
	a := newAccount(taken)
	if err := k.table.Rows(ctx, out.To.Snapshot, a.stored); err != nil {
		return fmt.Errorf("reading the table: %w", err)
	}
	if err := k.topics.Letters(ctx, a.buried); err != nil {
		return fmt.Errorf("reading the dead letters: %w", err)
	}
	did := touched()[k.topic]
	a.close(out, did)
	if k.Auditor != nil {
		ledger := k.Auditor.Audit(ctx, Window{From: out.From, To: out.To, Receipts: said(taken), Touched: did})
		out.Ledger = &ledger
	}
	return nil
}

func said(taken []receipt) []Receipt {
	out := make([]Receipt, len(taken))
	for i, r := range taken {
		out[i] = Receipt{r.Key, r.State, Place{r.Partition, r.Offset}}
		if r.State != StateAcked {
			out[i].Place.Offset = -1
		}
	}
	return out
}

// settled waits until the producer knows the fate of every record.
func (k *Keeper) settled(ctx context.Context, after, to int64) ([]receipt, error) {
	for {
		all, err := k.feed.receipts(ctx, after, to)
		if err != nil {
			return nil, err
		}
		under := 0
		for _, r := range all {
			if r.State == StatePending {
				under++
			}
		}
		if under == 0 {
			return all, nil
		}
		if !pause.For(ctx, look) {
			return nil, fmt.Errorf("waiting for the producer: %d records are still under way: %w: see whether it runs, or give the books longer, with limits.recovery_timeout", under, ctx.Err())
		}
	}
}

// drained waits until the table holds every offset that the source topic has.
func (k *Keeper) drained(ctx context.Context) error {
	ends, err := k.topics.Ends(ctx)
	if err != nil {
		return err
	}
	for {
		stored, err := k.table.Stored(ctx)
		behind := int64(0)
		for p, end := range ends {
			behind += max(end-stored[p], 0)
		}
		if err == nil && behind == 0 {
			return nil
		}
		if !pause.For(ctx, look) {
			if err == nil && len(stored) == 0 {
				err = fmt.Errorf("the table says of no offset of %s that it was written: its writer has to keep them there for books to be closed", k.topic)
			}
			return fmt.Errorf("waiting for the sink: %d records are not in the table: %w: see whether it runs, or give the books longer, with limits.recovery_timeout",
				behind, errors.Join(ctx.Err(), err))
		}
	}
}
