package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"
)

const (
	commitTries = 10
	// recheckTime bounds the look at the table after a failed commit. It has a
	// time of its own: a caller whose context ended still has to learn whether
	// the commit landed.
	recheckTime = 10 * time.Second
)

// ErrStale is returned by Append when the table's watermark is not the one
// that the rows follow on. Nothing was written; read the watermark again.
var ErrStale = errors.New("stale watermark")

// Append commits rows and the watermark to in one snapshot: both or neither.
// It does so only if the table's watermark is from, else it gives ErrStale. An
// answer that was lost is settled by looking for this very commit in the
// table, so nil means written once, and ErrStale means not written. After any
// other error the commit may or may not have landed; the watermark tells.
// Append without rows still moves the watermark; one that moves it back is
// refused.
func (t *Table[T]) Append(ctx context.Context, rows []T, from, to Watermark) (Snapshot, error) {
	if !to.covers(from) {
		return Snapshot{}, fmt.Errorf("appending to %s.%s: watermark %v falls behind %v, whose records would be read again and doubled",
			t.definition.Namespace, t.definition.Name, to, from)
	}
	mark, err := json.Marshal(to)
	if err != nil {
		return Snapshot{}, fmt.Errorf("encoding watermark: %w", err)
	}
	attempt := appendAttempt[T]{
		table: t,
		rows:  slices.SortedStableFunc(slices.Values(rows), t.compare),
		from:  from,
		token: uuid.NewString(),
		mark:  string(mark),
	}
	s, err := attempt.run(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("appending %d rows to %s.%s: %w", len(rows), t.definition.Namespace, t.definition.Name, err)
	}
	return s, nil
}

type appendAttempt[T any] struct {
	table *Table[T]
	rows  []T // in the table's order
	from  Watermark
	token string // finds this commit again
	mark  string
}

// summary is what the snapshot says of itself. A commit without rows leaves
// the table to whoever wrote its newest rows.
func (a appendAttempt[T]) summary(base *table.Table) iceberg.Properties {
	out := iceberg.Properties{watermarkKey: a.mark, commitKey: a.token}
	writer := a.table.writer
	if len(a.rows) == 0 {
		writer = newest(base, writerKey)
	}
	if writer != "" {
		out[writerKey] = writer
	}
	return out
}

func (a appendAttempt[T]) run(ctx context.Context) (Snapshot, error) {
	d := a.table.definition
	base, err := a.table.lake.load(ctx, d.Namespace, d.Name)
	if err != nil {
		return Snapshot{}, err
	}
	var failures []error
	for try := 1; try <= commitTries; try++ {
		if err := a.checkFresh(base); err != nil {
			return Snapshot{}, err
		}
		committed, failure := a.commit(ctx, base)
		if failure == nil {
			return snapshotOf(committed.CurrentSnapshot())
		}
		failures = append(failures, failure)
		now, landed, err := a.table.lake.recheck(ctx, d.Namespace, d.Name, a.token)
		if err != nil {
			return Snapshot{}, errors.Join(append(failures, err)...)
		}
		if landed != nil {
			return snapshotOf(landed)
		}
		if !retryable(failure) && headID(now) == headID(base) {
			return Snapshot{}, failure // nobody raced: trying again cannot help
		}
		if err := sleep(ctx, a.table.lake.backoff(try)); err != nil {
			return Snapshot{}, errors.Join(append(failures, err)...)
		}
		base = now
	}
	return Snapshot{}, fmt.Errorf("giving up after %d lost commits: %w", commitTries, failures[len(failures)-1])
}

func (a appendAttempt[T]) checkFresh(base *table.Table) error {
	mark, err := watermarkOf(base)
	if err != nil {
		return err
	}
	if !mark.same(a.from) {
		return fmt.Errorf("%w: table is at %v, rows follow %v", ErrStale, mark, a.from)
	}
	return nil
}

// commit pins the branch to base: without it iceberg-go replays the append on
// top of whoever won a race, and the rows of a range are in the table twice.
func (a appendAttempt[T]) commit(ctx context.Context, base *table.Table) (*table.Table, error) {
	tx := base.NewTransaction()
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return nil, fmt.Errorf("pinning snapshot: %w", err)
	}
	summary := a.summary(base)
	if len(a.rows) == 0 {
		if err := tx.AddFiles(ctx, nil, summary, false); err != nil {
			return nil, fmt.Errorf("staging watermark: %w", err)
		}
	} else {
		reader, err := records(base.Schema(), a.table.definition.Columns, a.rows)
		if err != nil {
			return nil, err
		}
		defer reader.Release()
		if err := tx.Append(ctx, reader, summary); err != nil {
			return nil, fmt.Errorf("writing data files: %w", err)
		}
	}
	if err := expire(base, tx, a.table.definition.KeepSnapshots); err != nil {
		return nil, err
	}
	committed, err := tx.Commit(ctx)
	if err != nil {
		return nil, fmt.Errorf("committing snapshot: %w", err)
	}
	return committed, nil
}

// recheck reads a table again and looks for the commit of a token in it.
func (l *Lake) recheck(ctx context.Context, namespace, name, token string) (*table.Table, *table.Snapshot, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recheckTime)
	defer cancel()
	now, err := l.load(ctx, namespace, name)
	if err != nil {
		return nil, nil, fmt.Errorf("finding out whether the commit landed: %w", err)
	}
	for s := range lineage(now) {
		if found, ok := property(s, commitKey); ok && found == token {
			return now, s, nil
		}
	}
	return now, nil, nil
}

func retryable(err error) bool { return errors.Is(err, table.ErrCommitFailed) || busy(err) }

func headID(t *table.Table) int64 {
	if s := t.CurrentSnapshot(); s != nil {
		return s.SnapshotID
	}
	return -1
}

// backoff doubles with each try and is spread by a half, so that writers that
// collided once do not collide again.
func (l *Lake) backoff(try int) time.Duration {
	d := l.pause << min(try-1, 5)
	return d/2 + rand.N(d) //nolint:gosec // spreading load, no secret
}
