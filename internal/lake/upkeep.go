package lake

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Upkeep says how a table is kept. The zero value has the defaults.
type Upkeep struct {
	// TargetBytes is how large data files should get, default 128 MiB. Files of
	// three quarters of it are left alone.
	TargetBytes int64
	// MinFiles is how many small files of one partition are worth writing as one,
	// default 5.
	MinFiles int
	// KeepSnapshots is how many of the newest snapshots stay readable, default
	// 100; those that a branch or a tag names stay whatever their number.
	KeepSnapshots int
	// SnapshotAge is how old a snapshot gets at least, default 1 h.
	SnapshotAge time.Duration
	// OrphanAge is how old a file gets at least that no snapshot needs, default
	// 24 h. It must be longer than any writer takes from its first file to its
	// commit, which a younger file may be waiting for.
	OrphanAge time.Duration
	// DryRun counts what would be done and changes nothing.
	DryRun bool
}

func (u Upkeep) withDefaults() Upkeep {
	if u.TargetBytes <= 0 {
		u.TargetBytes = 128 << 20
	}
	if u.MinFiles <= 0 {
		u.MinFiles = 5
	}
	if u.KeepSnapshots <= 0 {
		u.KeepSnapshots = 100
	}
	if u.SnapshotAge <= 0 {
		u.SnapshotAge = time.Hour
	}
	if u.OrphanAge <= 0 {
		u.OrphanAge = 24 * time.Hour
	}
	return u
}

// Kept is what was done to one table, or would be. What a step failed at is
// not counted.
type Kept struct {
	Table string `json:"table"`
	// Merged data files became Written ones, which hold the same Rows.
	Merged      int   `json:"merged"`
	Written     int   `json:"written"`
	Rows        int64 `json:"rows"`
	MergedBytes int64 `json:"merged_bytes"`
	// WrittenBytes of a dry run is what was read: what it would be is not known.
	WrittenBytes int64 `json:"written_bytes"`
	// Snapshots are those that stay.
	Snapshots   int   `json:"snapshots"`
	Expired     int   `json:"expired"`
	Orphans     int   `json:"orphans"` // removed
	OrphanBytes int64 `json:"orphan_bytes"`
	// Seconds is how long it took.
	Seconds float64 `json:"seconds"`
}

// Maintain writes the small files of a table as large ones, drops old
// snapshots and removes files that nothing needs. Rows, watermark and whatever
// a branch or tag names stay. It may be killed at any moment, and may run
// beside writers: every commit is pinned to the snapshot that it was made from,
// and tried again after a lost race. Each step is done though another failed.
func (l *Lake) Maintain(ctx context.Context, namespace, name string, u Upkeep) (Kept, error) {
	u = u.withDefaults()
	kept := Kept{Table: namespace + "." + name}
	begun := time.Now()
	k := keeping{lake: l, namespace: namespace, name: name, Upkeep: u, kept: &kept}
	var problems []error
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{{"compacting", k.compact}, {"expiring snapshots of", k.expire}, {"removing orphans of", k.sweep}} {
		if err := step.do(ctx); err != nil {
			problems = append(problems, fmt.Errorf("%s %s: %w", step.what, kept.Table, err))
		}
		if ctx.Err() != nil || errors.Is(errors.Join(problems...), ErrNoTable) {
			break
		}
	}
	kept.Seconds = time.Since(begun).Seconds()
	return kept, errors.Join(problems...)
}

// keeping is one run of Maintain.
type keeping struct {
	lake            *Lake
	namespace, name string
	Upkeep
	kept *Kept
}
