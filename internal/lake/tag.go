package lake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/iceberg-go/table"
)

// ErrTaken is returned for a tag that names another snapshot already.
var ErrTaken = errors.New("the tag is taken")

// Tag gives a snapshot of a table a name, under which it stays readable when
// other snapshots expire. It lasts for keep, 0 for ever: who expires snapshots
// after that drops the tag with them. To give a snapshot the name that it has
// is no error and changes nothing; a name that another has is ErrTaken. A
// snapshot that the table does not have is ErrNoSnapshot. After any other error
// there may be a tag; to call again finds out.
func (l *Lake) Tag(ctx context.Context, namespace, name, tag string, snapshot int64, keep time.Duration) error {
	err := l.tag(ctx, namespace, name, tag, snapshot, keep)
	if err != nil {
		return fmt.Errorf("tagging snapshot %d of %s.%s as %s: %w", snapshot, namespace, name, tag, err)
	}
	return nil
}

func (l *Lake) tag(ctx context.Context, namespace, name, tag string, snapshot int64, keep time.Duration) error {
	id := table.Identifier{namespace, name}
	var last error
	at := ""
	for try := range commitTries {
		if try > 0 {
			if err := sleep(ctx, l.backoff(try)); err != nil {
				return errors.Join(err, last)
			}
		}
		base, err := l.load(ctx, namespace, name)
		if err != nil {
			return errors.Join(err, last)
		}
		if has, ok := tagOf(base, tag); ok && has == snapshot {
			return nil
		} else if ok {
			return fmt.Errorf("%w by snapshot %d: tags stay where they are; remove that one, or take another name", ErrTaken, has)
		}
		if base.SnapshotByID(snapshot) == nil {
			return fmt.Errorf("%w %d: it never was, or is expired", ErrNoSnapshot, snapshot)
		}
		if last != nil && !retryable(last) && base.MetadataLocation() == at {
			return last // nobody raced: trying again cannot help
		}
		at = base.MetadataLocation()
		_, _, last = l.catalog.CommitTable(ctx, id,
			[]table.Requirement{table.AssertTableUUID(base.Metadata().TableUUID()), table.AssertRefSnapshotID(tag, nil)},
			[]table.Update{table.NewSetSnapshotRefUpdate(tag, snapshot, table.TagRef, keep.Milliseconds(), 0, 0)})
		if last == nil {
			return nil
		}
	}
	return fmt.Errorf("giving up after %d lost commits: %w", commitTries, last)
}

// Tagged is the snapshot that a tag names; ErrNoSnapshot where there is no such
// tag.
func (l *Lake) Tagged(ctx context.Context, namespace, name, tag string) (int64, error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return 0, err
	}
	id, ok := tagOf(current, tag)
	if !ok {
		return 0, fmt.Errorf("%w tagged %s in %s.%s", ErrNoSnapshot, tag, namespace, name)
	}
	return id, nil
}

func tagOf(t *table.Table, tag string) (int64, bool) {
	for name, ref := range t.Metadata().Refs() {
		if name == tag && ref.SnapshotRefType == table.TagRef {
			return ref.SnapshotID, true
		}
	}
	return 0, false
}
