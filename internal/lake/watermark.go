package lake

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/apache/iceberg-go/table"
)

const (
	watermarkKey = "faultline.watermark"
	commitKey    = "faultline.commit"
	writerKey    = "faultline.writer" // who wrote the newest rows
	totalKey     = "total-records"
)

// Partition names one partition of a source topic.
type Partition struct {
	Topic     string
	Partition int32
}

// Watermark is, for each partition, the next offset that the table lacks. A
// partition that it does not name has been read from the start: nothing of it
// is in the table.
type Watermark map[Partition]int64

// MarshalJSON writes {"topic":{"0":42}}.
func (w Watermark) MarshalJSON() ([]byte, error) {
	topics := map[string]map[int32]int64{}
	for p, next := range w {
		if topics[p.Topic] == nil {
			topics[p.Topic] = map[int32]int64{}
		}
		topics[p.Topic][p.Partition] = next
	}
	return json.Marshal(topics)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (w *Watermark) UnmarshalJSON(data []byte) error {
	var topics map[string]map[int32]int64
	if err := json.Unmarshal(data, &topics); err != nil {
		return fmt.Errorf("decoding watermark: %w", err)
	}
	*w = Watermark{}
	for topic, partitions := range topics {
		for partition, next := range partitions {
			(*w)[Partition{Topic: topic, Partition: partition}] = next
		}
	}
	return nil
}

// Watermark reads the table's watermark as it is now. It is empty, not nil,
// for a table that nothing was appended to.
func (t *Table[T]) Watermark(ctx context.Context) (Watermark, error) {
	current, err := t.lake.load(ctx, t.definition.Namespace, t.definition.Name)
	if err != nil {
		return nil, err
	}
	return watermarkOf(current)
}

// Head is how far a table is, and whether its newest rows are one's own.
type Head struct {
	Watermark Watermark
	// Own says that this Table wrote the newest rows, or that none were written
	// by anybody who said who it was.
	Own bool
}

// Head reads the table's head as it is now.
func (t *Table[T]) Head(ctx context.Context) (Head, error) {
	current, err := t.lake.load(ctx, t.definition.Namespace, t.definition.Name)
	if err != nil {
		return Head{}, err
	}
	mark, err := watermarkOf(current)
	if err != nil {
		return Head{}, err
	}
	writer := newest(current, writerKey)
	return Head{Watermark: mark, Own: writer == "" || writer == t.writer}, nil
}

// watermarkOf walks back over the snapshots of others (a compaction knows of
// no watermark) to the newest that has one.
func watermarkOf(current *table.Table) (Watermark, error) {
	return watermarkFrom(current, current.CurrentSnapshot())
}

func watermarkFrom(current *table.Table, head *table.Snapshot) (Watermark, error) {
	mark := Watermark{}
	for s := range ancestry(current, head) {
		text, ok := property(s, watermarkKey)
		if !ok {
			if s.ParentSnapshotID != nil && current.SnapshotByID(*s.ParentSnapshotID) == nil {
				return nil, fmt.Errorf("reading watermark of %s: snapshot %d has none and its parent %d is expired; "+
					"the next offsets are lost, so appending could double rows: restore an older snapshot",
					current.MetadataLocation(), s.SnapshotID, *s.ParentSnapshotID)
			}
			continue
		}
		if err := json.Unmarshal([]byte(text), &mark); err != nil {
			return nil, fmt.Errorf("reading watermark of snapshot %d: %w", s.SnapshotID, err)
		}
		return mark, nil
	}
	return mark, nil
}

// lineage yields the current snapshot, its parent, and so on.
func lineage(current *table.Table) func(yield func(*table.Snapshot) bool) {
	return ancestry(current, current.CurrentSnapshot())
}

// ancestry is lineage from another snapshot on; nil has none.
func ancestry(current *table.Table, head *table.Snapshot) func(yield func(*table.Snapshot) bool) {
	return func(yield func(*table.Snapshot) bool) {
		for s := head; s != nil && yield(s); {
			if s.ParentSnapshotID == nil {
				return
			}
			s = current.SnapshotByID(*s.ParentSnapshotID)
		}
	}
}

// newest is the newest value of a property in the lineage, empty where none has it.
func newest(current *table.Table, key string) string {
	for s := range lineage(current) {
		if text, ok := property(s, key); ok {
			return text
		}
	}
	return ""
}

func property(s *table.Snapshot, key string) (string, bool) {
	if s.Summary == nil {
		return "", false
	}
	text, ok := s.Summary.Properties[key]
	return text, ok
}

// same takes a partition that is not named for one at offset 0.
func (w Watermark) same(other Watermark) bool {
	return w.covers(other) && other.covers(w)
}

// covers reports whether w is nowhere behind other.
func (w Watermark) covers(other Watermark) bool {
	for p, next := range other {
		if w[p] < next {
			return false
		}
	}
	return true
}

// Snapshot is one state of a table.
type Snapshot struct {
	ID           int64
	At           time.Time // when it was committed, to the millisecond
	TotalRecords int64
}

func snapshotOf(s *table.Snapshot) (Snapshot, error) {
	text, ok := property(s, totalKey)
	if !ok {
		return Snapshot{}, fmt.Errorf("reading snapshot %d: its writer left %s out", s.SnapshotID, totalKey)
	}
	total, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return Snapshot{}, fmt.Errorf("reading %s of snapshot %d: %w", totalKey, s.SnapshotID, err)
	}
	return Snapshot{ID: s.SnapshotID, At: time.UnixMilli(s.TimestampMs).UTC(), TotalRecords: total}, nil
}

// Info is what is known of a table without reading its rows.
type Info struct {
	Snapshot         // the current one, zero unless HasSnapshot
	HasSnapshot bool // false for a table that nothing was appended to
	Metadata    MetadataFile
}

// Inspect looks at a table; ErrNoTable when there is none. It reads the table's
// metadata file itself, whatever the catalog says is in it: that its store
// cannot be reached from here is an error, with any kind of catalog.
func (l *Lake) Inspect(ctx context.Context, namespace, name string) (Info, error) {
	current, err := l.load(ctx, namespace, name)
	if err == nil && l.tells {
		err = metadataOf(current).read(ctx)
	}
	if err != nil {
		return Info{}, err
	}
	info := Info{Metadata: metadataOf(current)}
	if head := current.CurrentSnapshot(); head != nil {
		info.HasSnapshot = true
		if info.Snapshot, err = snapshotOf(head); err != nil {
			return Info{}, fmt.Errorf("inspecting %s.%s: %w", namespace, name, err)
		}
	}
	return info, nil
}
