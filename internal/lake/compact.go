package lake

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/apache/iceberg-go/table/compaction"
	"github.com/google/uuid"
)

// ErrDiffers is returned for files that were written anew and do not hold the
// rows of those that they were made from. They were not committed.
var ErrDiffers = errors.New("the rewritten files do not hold the same rows")

// A compaction reads one file at a time, in batches of so many rows, of which
// so many wait to be written: its memory goes by the largest file that it
// takes, not by the table.
const (
	compactRows  = 8 << 10
	compactAhead = 2
)

// compact writes groups of small files anew, a commit for each: whoever is
// killed has lost one group's work.
func (k keeping) compact(ctx context.Context) error {
	lost := 0
	for {
		base, err := k.lake.load(ctx, k.namespace, k.name)
		if err != nil || base.CurrentSnapshot() == nil {
			return err
		}
		groups, err := k.groups(ctx, base)
		if err != nil || len(groups) == 0 {
			return err
		}
		if k.DryRun {
			k.foresee(groups)
			return nil
		}
		landed, err := k.rewrite(ctx, base, groups[0])
		switch {
		case err != nil:
			return err
		case landed:
			lost = 0
			continue
		}
		if lost++; lost == commitTries {
			return fmt.Errorf("giving up after %d lost commits: others write too often, try again later", lost)
		}
		if err := sleep(ctx, k.lake.backoff(lost)); err != nil {
			return err
		}
	}
}

// groups are the files that are to become one, each group of one partition.
func (k keeping) groups(ctx context.Context, base *table.Table) ([]compaction.Group, error) {
	c := compaction.DefaultConfig()
	c.TargetFileSizeBytes, c.MinFileSizeBytes, c.MaxFileSizeBytes = k.TargetBytes, k.TargetBytes/4*3, k.TargetBytes/5*9
	c.MinInputFiles = uint(k.MinFiles)
	plan, err := compaction.Analyze(ctx, base, c)
	if err != nil {
		return nil, diagnose(err)
	}
	return plan.Groups, nil
}

func (k keeping) foresee(groups []compaction.Group) {
	for _, g := range groups {
		k.kept.Merged += len(g.Tasks)
		k.kept.Written++
		k.kept.MergedBytes += g.TotalSizeBytes
		k.kept.WrittenBytes += g.TotalSizeBytes
		for _, t := range g.Tasks {
			k.kept.Rows += t.File.Count()
		}
	}
}

// rewrite makes one group anew and looks that it holds what it held. It is
// false where another writer took away, or made anew, what it was made from.
func (k keeping) rewrite(ctx context.Context, base *table.Table, g compaction.Group) (landed bool, err error) {
	made, err := table.ExecuteCompactionGroup(ctx, base,
		table.CompactionTaskGroup{PartitionKey: g.PartitionKey, Tasks: g.Tasks, TotalSizeBytes: g.TotalSizeBytes},
		table.WithCompactionTargetFileSize(k.TargetBytes), table.WithCompactionScanConcurrency(1),
		table.WithCompactionArrowBatchSize(compactRows), table.WithCompactionRecordBatchBufferSize(compactAhead))
	if err == nil {
		err = k.compare(ctx, base, g.Tasks, made.NewDataFiles)
	}
	if err != nil {
		return false, errors.Join(diagnose(err), remove(ctx, base, made.NewDataFiles))
	}
	landed, known, err := k.land(ctx, base, made)
	if !landed && known {
		err = errors.Join(err, remove(ctx, base, made.NewDataFiles))
	}
	if !landed || err != nil {
		return false, err
	}
	k.kept.Merged += len(made.OldDataFiles)
	k.kept.Written += len(made.NewDataFiles)
	k.kept.MergedBytes += made.BytesBefore
	k.kept.WrittenBytes += made.BytesAfter
	for _, f := range made.NewDataFiles {
		k.kept.Rows += f.Count()
	}
	return true, nil
}

// land commits what was made. A writer that only adds rows meanwhile takes none
// of that away: it is committed on top, so that whoever writes often is no
// hindrance, however long the making took. Where it is not known whether a commit
// landed the files may be in the table.
func (k keeping) land(ctx context.Context, base *table.Table, made table.CompactionGroupResult) (landed, known bool, err error) {
	token := uuid.NewString()
	for try := 1; ; try++ {
		failure := k.replace(ctx, base, made, token)
		if failure == nil {
			return true, true, nil
		}
		now, found, err := k.lake.recheck(ctx, k.namespace, k.name, token)
		switch {
		case err != nil:
			return false, false, errors.Join(failure, err)
		case found != nil:
			return true, true, nil
		case !retryable(failure) && headID(now) == headID(base):
			return false, true, failure // nobody raced
		case try == commitTries || !grown(base, now):
			return false, true, nil
		}
		if err := sleep(ctx, k.lake.backoff(try)); err != nil {
			return false, true, err
		}
		base = now
	}
}

// grown says that since a snapshot, which is still there, rows were only added.
func grown(since, now *table.Table) bool {
	for s := range lineage(now) {
		if s.SnapshotID == headID(since) {
			return true
		}
		if s.Summary == nil || s.Summary.Operation != table.OpAppend {
			return false
		}
	}
	return false
}

// replace commits what was made, on top of base only. The snapshot carries on
// what base says of the watermark and of who writes.
func (k keeping) replace(ctx context.Context, base *table.Table, made table.CompactionGroupResult, token string) error {
	tx := base.NewTransaction()
	if err := tx.AssertRefSnapshotID(table.MainBranch); err != nil {
		return fmt.Errorf("pinning snapshot: %w", err)
	}
	summary := iceberg.Properties{commitKey: token}
	for _, key := range []string{watermarkKey, writerKey} {
		if text := newest(base, key); text != "" {
			summary[key] = text
		}
	}
	if err := tx.NewRewrite(summary).ApplyResult(made).Commit(ctx); err != nil {
		return fmt.Errorf("staging the rewritten files: %w", err)
	}
	if _, err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("committing the rewritten files: %w", err)
	}
	return nil
}

// compare reads both sides and finds out whether they hold the same rows, in
// whatever order.
func (k keeping) compare(ctx context.Context, base *table.Table, before []table.FileScanTask, made []iceberg.DataFile) error {
	after := make([]table.FileScanTask, len(made))
	for i, f := range made {
		after[i] = table.FileScanTask{File: f}
	}
	want, err := contents(ctx, base, before)
	if err != nil {
		return fmt.Errorf("reading the small files: %w", err)
	}
	got, err := contents(ctx, base, after)
	if err != nil {
		return fmt.Errorf("reading what was written: %w", err)
	}
	if want != got {
		return fmt.Errorf("%w: %d rows were read and %d written", ErrDiffers, want.N, got.N)
	}
	return nil
}

// remove takes back files that were not committed.
func remove(ctx context.Context, base *table.Table, files []iceberg.DataFile) error {
	if len(files) == 0 {
		return nil
	}
	store, err := base.FS(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("taking back what was not committed: %w", err)
	}
	var problems []error
	for _, f := range files {
		if err := store.Remove(f.FilePath()); err != nil && !gone(err) {
			problems = append(problems, fmt.Errorf("taking back %s, which was not committed: %w", f.FilePath(), err))
		}
	}
	return errors.Join(problems...)
}
