package cpu

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/cgroup"
)

// piece is what a receipt says of a cut.
type piece struct {
	group   cgroup.Group
	was, to cgroup.Quota
	note    string // file
}

func pieceOf(r faults.Receipt) (piece, error) {
	p := piece{note: r.Undo[undoNote]}
	if !isNote(p.note) {
		return p, fmt.Errorf("receipt %s names no file of a cut: %q", r.ID, p.note)
	}
	if err := noted(r, undoGroup, &p.group); err != nil {
		return p, err
	}
	var err error
	if p.was, err = cgroup.ParseQuota(r.Undo[undoWas]); err == nil {
		p.to, err = cgroup.ParseQuota(r.Undo[undoCut])
	}
	return p, err
}

// make notes the cut and makes it.
func (p piece) make(ctx context.Context) error {
	return alone(ctx, p.group, func() error {
		c, now, err := p.look()
		if err != nil {
			return err
		}
		if _, there := c[p.note]; !there {
			one := c.made(p.was, p.to)
			if now != one.Was && !c.ours(now) {
				return fmt.Errorf("%w: the quota of %s is %s, set by somebody else since it was %s: plan the fault again", faults.ErrRefused, p.group.Dir, now, c.due(one.Was))
			}
			if err := one.write(p.note); err != nil {
				return err
			}
		}
		return p.settle()
	})
}

// mostTries is more often than cuts come and go while one is made.
const mostTries = 10

// settle sets what is due by the notes until they stay as they were: somebody
// may write or strike out one who did not wait for the lock.
func (p piece) settle() error {
	was := p.was
	for range mostTries {
		c, now, err := p.look()
		if err != nil {
			return err
		}
		for _, one := range c {
			was = one.Was
		}
		due := c.due(was)
		if now == due {
			return nil
		}
		if err := p.group.SetQuota(due); err != nil {
			return err
		}
	}
	return fmt.Errorf("the quota of %s does not stay as it is set: something else sets it, too", p.group.Dir)
}

// mend puts back what is due without the cut, unless somebody else has set
// the quota since, and strikes the cut out. It needs no room on a disk.
func (p piece) mend(ctx context.Context) error {
	if !p.group.There() {
		return strikeOut(p.note)
	}
	return alone(ctx, p.group, func() error {
		c, now, err := p.look()
		if err != nil {
			return err
		}
		own, there := p.own(c, now)
		if !there {
			return nil
		}
		c[p.note] = own
		if ours, due := c.ours(now), c.without(p.note).due(own.Was); ours && now != due {
			if err := p.group.SetQuota(due); err != nil {
				return err
			}
		}
		return strikeOut(p.note)
	})
}

// own is the cut as it is noted. Where the note is lost the receipt itself
// tells.
func (p piece) own(c cuts, now cgroup.Quota) (cut, bool) {
	one, there := c[p.note]
	if !there && len(c) == 0 && now == p.to && now != p.was {
		return cut{Was: p.was, To: p.to}, true
	}
	return one, there
}

func (p piece) look() (cuts, cgroup.Quota, error) {
	c, err := readCuts(p.note)
	now, err2 := p.group.Quota()
	return c, now, errors.Join(err, err2)
}

// see says whether the cut is there, and what the quota is.
func (p piece) see(ctx context.Context) (seen faults.Presence, now cgroup.Quota, err error) {
	if !p.group.There() {
		return faults.Absent, now, nil
	}
	err = alone(ctx, p.group, func() error {
		var c cuts
		if c, now, err = p.look(); err != nil {
			return err
		}
		seen = faults.Absent
		if own, there := p.own(c, now); there {
			c[p.note] = own
			if now == c.due(own.Was) {
				seen = faults.Present
			}
		}
		return nil
	})
	return seen, now, err
}

// overtaken is an error where the cut is not there any more.
func (p piece) overtaken(ctx context.Context) error {
	seen, now, err := p.see(ctx)
	if err == nil && seen != faults.Present {
		err = fmt.Errorf("overtaken: it is %s, and was cut to %s", now, p.to)
	}
	return err
}
