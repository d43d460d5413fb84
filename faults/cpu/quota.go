package cpu

import (
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/cut"
	"github.com/k2-platform/faultline/internal/cgroup"
)

// quota is the limit that a throttle cuts: of a group's processor time.
type quota struct{ group cgroup.Group }

var _ cut.Limit[cgroup.Quota] = quota{}

// Now implements cut.Limit.
func (q quota) Now() (cgroup.Quota, error) { return q.group.Quota() }

// Set implements cut.Limit.
func (q quota) Set(value cgroup.Quota) error { return q.group.SetQuota(value) }

// Least implements cut.Limit.
func (quota) Least(a, b cgroup.Quota) cgroup.Quota {
	if a.Max == 0 || b.Max > 0 && b.Max < a.Max {
		return b
	}
	return a
}

// String implements cut.Limit.
func (q quota) String() string { return "the quota of " + q.group.Dir }

const notePrefix = "faultline-quota-"

// cutOf is what a receipt says of a cut.
func cutOf(r faults.Receipt) (cut.Cut[cgroup.Quota], error) {
	c := cut.Cut[cgroup.Quota]{Note: r.Undo[undoNote]}
	if !cut.IsNote(c.Note, notePrefix) {
		return c, fmt.Errorf("receipt %s names no file of a cut: %q", r.ID, c.Note)
	}
	if err := noted(r, undoGroup, &c.Group); err != nil {
		return c, err
	}
	c.Limit = quota{c.Group}
	var err error
	if c.Was, err = cgroup.ParseQuota(r.Undo[undoWas]); err == nil {
		c.To, err = cgroup.ParseQuota(r.Undo[undoCut])
	}
	return c, err
}
