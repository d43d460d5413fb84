package lake

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"
)

// Names of counts in the summary of a snapshot, as the Iceberg specification
// has them.
const (
	AddedRecords   = "added-records"
	DeletedRecords = "deleted-records"
	TotalRecords   = totalKey
	TotalDataFiles = "total-data-files"
)

// Anatomy is a table taken apart to look at: what one of its metadata files
// says, and the way to the files that this one names. It only reads, and it
// stays as it was taken when the table goes on. Take one with Anatomy of Lake;
// it is of use as long as the context of that call lives, and safe for
// concurrent use.
type Anatomy struct {
	Metadata     string // location of the metadata file
	Location     string // where the files of the table are
	Format       int    // version of the Iceberg specification
	LastSequence int64  // the highest sequence number that was given out
	Current      int64  // id of the current snapshot, 0 where there is none
	Snapshots    []AnatomySnapshot
	Refs         map[string]int64 // branches and tags, by name
	Columns      []AnatomyColumn  // of the current schema, in its order
	// Named are the files that belong to no snapshot: metadata files and
	// statistics.
	Named []string

	files icebergio.IO
}

// AnatomySnapshot is one snapshot as the metadata has it. Those of an Anatomy are
// in the order of their sequence numbers.
type AnatomySnapshot struct {
	ID        int64
	Parent    int64 // 0 where it has none
	Sequence  int64 // 0 throughout in tables of format 1
	At        time.Time
	Operation string
	List      string // location of the manifest list, empty in old tables of format 1
	Summary   map[string]string

	snapshot table.Snapshot
}

// AnatomyColumn is a column of a schema; Type as Iceberg writes it.
type AnatomyColumn struct {
	Name     string
	Type     string
	Required bool
}

// Anatomy takes a table apart; ErrNoTable when there is none.
func (l *Lake) Anatomy(ctx context.Context, namespace, name string) (*Anatomy, error) {
	current, err := l.load(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	files, err := current.FS(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the store of %s.%s: %w", namespace, name, diagnose(err))
	}
	meta := current.Metadata()
	a := &Anatomy{
		Metadata: current.MetadataLocation(), Location: meta.Location(), Format: meta.Version(),
		LastSequence: meta.LastSequenceNumber(), Refs: map[string]int64{}, files: files,
	}
	if head := meta.CurrentSnapshot(); head != nil {
		a.Current = head.SnapshotID
	}
	for _, s := range meta.Snapshots() {
		a.Snapshots = append(a.Snapshots, snapshotAnatomy(s))
	}
	slices.SortFunc(a.Snapshots, func(x, y AnatomySnapshot) int {
		return cmp.Or(cmp.Compare(x.Sequence, y.Sequence), x.At.Compare(y.At), cmp.Compare(x.ID, y.ID))
	})
	for name, ref := range meta.Refs() {
		a.Refs[name] = ref.SnapshotID
	}
	for _, f := range meta.CurrentSchema().Fields() {
		a.Columns = append(a.Columns, AnatomyColumn{Name: f.Name, Type: f.Type.String(), Required: f.Required})
	}
	a.Named = named(current)
	return a, nil
}

func snapshotAnatomy(s table.Snapshot) AnatomySnapshot {
	out := AnatomySnapshot{
		ID: s.SnapshotID, Sequence: s.SequenceNumber, At: time.UnixMilli(s.TimestampMs).UTC(), List: s.ManifestList,
		Summary: map[string]string{}, snapshot: s,
	}
	if s.ParentSnapshotID != nil {
		out.Parent = *s.ParentSnapshotID
	}
	if s.Summary != nil {
		out.Operation = string(s.Summary.Operation)
		maps.Copy(out.Summary, s.Summary.Properties)
	}
	return out
}

func named(t *table.Table) []string {
	out := []string{t.MetadataLocation()}
	for f := range t.Metadata().PreviousFiles() {
		out = append(out, f.MetadataFile)
	}
	for f := range t.Metadata().Statistics() {
		out = append(out, f.StatisticsPath)
	}
	for f := range t.Metadata().PartitionStatistics() {
		out = append(out, f.StatisticsPath)
	}
	return out
}

// Count reads a number from the summary; false where the writer left it out.
func (s AnatomySnapshot) Count(name string) (int64, bool) {
	n, err := strconv.ParseInt(s.Summary[name], 10, 64)
	return n, err == nil
}

// Watermark is the watermark that was written with the snapshot; nil where its
// writer knows of none, as a compaction.
func (s AnatomySnapshot) Watermark() (Watermark, error) {
	text, ok := s.Summary[watermarkKey]
	if !ok {
		return nil, nil
	}
	mark := Watermark{}
	if err := json.Unmarshal([]byte(text), &mark); err != nil {
		return nil, fmt.Errorf("reading watermark of snapshot %d: %w", s.ID, err)
	}
	return mark, nil
}
