// Package cut has limits of control groups cut, and puts back what was there,
// by whichever process: the least of several cuts of one limit counts, the last to
// go puts back what was before the first, and what somebody else has set stays.
// Which limits there are it does not know.
package cut

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/cgroup"
)

// Limit is one limit of a control group. Values of it are all that it can be,
// compared by ==, and go to JSON and back.
type Limit[V comparable] interface {
	Now() (V, error)
	Set(value V) error
	Least(a, b V) V // which of two is the stricter
	String() string // what and whose it is, for people
}

// Cut is one cut of a limit, as a receipt tells it.
type Cut[V comparable] struct {
	Group   cgroup.Group
	Limit   Limit[V]
	Was, To V
	Note    string // file that notes the cut while it is there, see Note
}

// Make notes the cut and makes it.
func (p Cut[V]) Make(ctx context.Context) error {
	return alone(ctx, p.Group, func() error {
		c, now, err := p.look()
		if err != nil {
			return err
		}
		if _, there := c[p.Note]; !there {
			one := c.made(p.Was, p.To)
			if now != one.Was && !c.ours(now) {
				return fmt.Errorf("%w: %s is %v, set by somebody else since it was %v: plan the fault again", faults.ErrRefused, p.Limit, now, c.due(p.Limit, one.Was))
			}
			if err := one.write(p.Note); err != nil {
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
func (p Cut[V]) settle() error {
	was := p.Was
	for range mostTries {
		c, now, err := p.look()
		if err != nil {
			return err
		}
		for _, one := range c {
			was = one.Was
		}
		due := c.due(p.Limit, was)
		if now == due {
			return nil
		}
		if err := p.Limit.Set(due); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s does not stay as it is set: something else sets it, too", p.Limit)
}

// Mend puts back what is due without the cut, unless somebody else has set
// the limit since, and strikes the cut out. It needs no room on a disk.
func (p Cut[V]) Mend(ctx context.Context) error {
	if !p.Group.There() {
		return strikeOut(p.Note)
	}
	return alone(ctx, p.Group, func() error {
		c, now, err := p.look()
		if err != nil {
			return err
		}
		own, there := p.own(c, now)
		if !there {
			return nil
		}
		c[p.Note] = own
		if ours, due := c.ours(now), c.without(p.Note).due(p.Limit, own.Was); ours && now != due {
			if err := p.Limit.Set(due); err != nil {
				return err
			}
		}
		return strikeOut(p.Note)
	})
}

// own is the cut as it is noted. Where the note is lost the receipt itself
// tells.
func (p Cut[V]) own(c cuts[V], now V) (noted[V], bool) {
	one, there := c[p.Note]
	if !there && len(c) == 0 && now == p.To && now != p.Was {
		return noted[V]{Was: p.Was, To: p.To}, true
	}
	return one, there
}

func (p Cut[V]) look() (cuts[V], V, error) {
	c, err := readCuts[V](p.Note)
	now, err2 := p.Limit.Now()
	return c, now, errors.Join(err, err2)
}

// See says whether the cut is there, and what the limit is.
func (p Cut[V]) See(ctx context.Context) (seen faults.Presence, now V, err error) {
	if !p.Group.There() {
		return faults.Absent, now, nil
	}
	err = alone(ctx, p.Group, func() error {
		var c cuts[V]
		if c, now, err = p.look(); err != nil {
			return err
		}
		seen = faults.Absent
		if own, there := p.own(c, now); there {
			c[p.Note] = own
			if now == c.due(p.Limit, own.Was) {
				seen = faults.Present
			}
		}
		return nil
	})
	return seen, now, err
}

// Overtaken is an error where the cut is not there any more.
func (p Cut[V]) Overtaken(ctx context.Context) error {
	seen, now, err := p.See(ctx)
	if err == nil && seen != faults.Present {
		err = fmt.Errorf("overtaken: %s is %v, and was cut to %v", p.Limit, now, p.To)
	}
	return err
}
