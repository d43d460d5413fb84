package checks

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/internal/lake"
)

// Chain expects the snapshots of the table to follow on each other: every parent
// is there, unless it was expired before its children; the current snapshot is
// the newest, so that nothing was rolled back; sequence numbers rise; and each
// snapshot has as many records as its parent, and those that it added, less
// those that it deleted. The same number is to stand in its manifests.
type Chain struct{}

// Name implements Check.
func (Chain) Name() string { return "snapshot_chain" }

// Run implements Check.
func (Chain) Run(ctx context.Context, in Input) ([]Result, error) {
	seen := 0
	wrong, cost, err := still(ctx, in, func(a *lake.Anatomy) (examples, Cost, error) {
		window := in.later(a)
		seen = len(window)
		l := newLinks(a)
		for _, s := range window {
			l.parent(s)
			if err := l.records(ctx, s); err != nil {
				return l.wrong, Cost{}, err
			}
		}
		l.head(window)
		return l.wrong, Cost{Rows: int64(seen)}, nil
	})
	if err != nil {
		return nil, err
	}
	r := wrong.result(fmt.Sprintf("%d snapshots of %s follow on each other", seen, in.Name))
	r.Cost = cost
	return []Result{r}, nil
}

// links are the snapshots of one anatomy.
type links struct {
	*lake.Anatomy
	byID  map[int64]lake.AnatomySnapshot
	held  map[int64]bool // reached from a branch or tag
	wrong examples
}

func newLinks(a *lake.Anatomy) *links {
	l := &links{Anatomy: a, byID: map[int64]lake.AnatomySnapshot{}, held: map[int64]bool{}}
	for _, s := range a.Snapshots {
		l.byID[s.ID] = s
	}
	for _, id := range a.Refs {
		l.hold(id)
	}
	l.hold(a.Current)
	return l
}

func (l *links) hold(id int64) {
	for s, ok := l.byID[id]; ok && !l.held[s.ID]; s, ok = l.byID[s.Parent] {
		l.held[s.ID] = true
	}
}

// parent expects the parent to be there. Snapshots are expired the oldest
// first, but for those that a branch or tag keeps.
func (l *links) parent(s lake.AnatomySnapshot) {
	if s.Parent == 0 {
		return
	}
	p, ok := l.byID[s.Parent]
	if ok {
		if l.Format > 1 && p.Sequence >= s.Sequence {
			l.wrong.add("snapshot %d has sequence number %d, its parent %d has %d", s.ID, s.Sequence, p.ID, p.Sequence)
		}
		return
	}
	for _, older := range l.Snapshots {
		if older.Sequence < s.Sequence && !l.kept(older.ID) {
			l.wrong.add("snapshot %d lacks its parent %d, which is gone while the older snapshot %d is there", s.ID, s.Parent, older.ID)
			return
		}
	}
}

// kept says that a branch or tag names the snapshot, or one that follows on it
// and is not current: what a tag keeps does not go in order.
func (l *links) kept(id int64) bool {
	for name, head := range l.Refs {
		if name == "main" {
			continue
		}
		for s, ok := l.byID[head]; ok; s, ok = l.byID[s.Parent] {
			if s.ID == id {
				return true
			}
		}
	}
	return false
}

// staged is in the summary of a snapshot that was written to be published later.
const staged = "wap.id"

// head expects the newest snapshot to be on the way of a branch or tag.
func (l *links) head(window []lake.AnatomySnapshot) {
	for _, s := range window {
		if !l.held[s.ID] && s.Summary[staged] == "" {
			l.wrong.add("snapshot %d of %s is on no branch: the table was rolled back behind it, to %d", s.ID, s.At.Format(timeForm), l.Current)
		}
	}
	if n := len(l.Snapshots); n > 0 && l.Format > 1 && l.LastSequence > l.Snapshots[n-1].Sequence {
		l.wrong.add("sequence number %d was given out and the newest snapshot %d has %d: a newer one was taken away",
			l.LastSequence, l.Snapshots[n-1].ID, l.Snapshots[n-1].Sequence)
	}
	if len(l.Snapshots) == 0 && l.LastSequence > 0 {
		l.wrong.add("sequence number %d was given out and there is no snapshot", l.LastSequence)
	}
}

// records expects the sums of the summary to come out even, with the parent's
// and with the manifests.
func (l *links) records(ctx context.Context, s lake.AnatomySnapshot) error {
	total, ok := s.Count(lake.TotalRecords)
	if !ok {
		return fmt.Errorf("snapshot %d: its writer left %s out", s.ID, lake.TotalRecords)
	}
	before, known := l.before(s)
	added, _ := s.Count(lake.AddedRecords) // left out where it is zero
	deleted, _ := s.Count(lake.DeletedRecords)
	if known && before+added-deleted != total {
		l.wrong.add("snapshot %d has %d records; its parent's %d, %d added and %d deleted make %d", s.ID, total, before, added, deleted, before+added-deleted)
	}
	manifests, err := l.Manifests(ctx, s)
	if err != nil {
		l.wrong.add("snapshot %d: %v", s.ID, err)
		return only(err)
	}
	var listed int64
	for _, m := range manifests {
		if m.Added < 0 || m.Existing < 0 {
			return nil // an old list that does not say
		}
		if !m.Deletes {
			listed += m.Added + m.Existing
		}
	}
	if listed != total {
		l.wrong.add("snapshot %d has %d records, and its manifests list %d", s.ID, total, listed)
	}
	return nil
}

// before is how many records the parent has; false where it is expired.
func (l *links) before(s lake.AnatomySnapshot) (int64, bool) {
	if s.Parent == 0 {
		return 0, true
	}
	p, ok := l.byID[s.Parent]
	if !ok {
		return 0, false
	}
	return p.Count(lake.TotalRecords)
}
