package cpu

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/cgroup"
)

// piece is what a receipt says of a cut.
type piece struct {
	group    cgroup.Group
	was, cut cgroup.Quota
	file     string
}

func pieceOf(r faults.Receipt) (piece, error) {
	p := piece{file: r.Undo[undoCuts]}
	if !filepath.IsAbs(p.file) || !strings.HasPrefix(filepath.Base(p.file), cutsPrefix) {
		return p, fmt.Errorf("receipt %s names no file of cuts: %q", r.ID, p.file)
	}
	if err := noted(r, undoGroup, &p.group); err != nil {
		return p, err
	}
	var err error
	if p.was, err = cgroup.ParseQuota(r.Undo[undoWas]); err == nil {
		p.cut, err = cgroup.ParseQuota(r.Undo[undoCut])
	}
	return p, err
}

func cutNow(ctx context.Context, r faults.Receipt) error {
	p, err := pieceOf(r)
	if err != nil {
		return err
	}
	if _, err := planned(r); err != nil {
		return err
	}
	return alone(ctx, p.group, func() error {
		c, there, err := readCuts(p.file)
		if err != nil {
			return err
		}
		if !there {
			c = cuts{Was: p.was, Live: map[string]cgroup.Quota{}}
		}
		now, err := p.group.Quota()
		if err == nil && !c.ours(now) {
			err = fmt.Errorf("%w: the quota of %s is %s, set by somebody else since it was %s: plan the fault again", faults.ErrRefused, p.group.Dir, now, c.due())
		}
		if err != nil {
			return err
		}
		c.Live[r.ID] = p.cut
		if err := c.write(p.file); err != nil {
			return err
		}
		return p.group.SetQuota(c.due())
	})
}

func (p piece) mend(ctx context.Context, id string) error {
	if !p.group.There() {
		return cuts{}.write(p.file)
	}
	return alone(ctx, p.group, func() error {
		now, c, err := p.state(id)
		if err != nil {
			return err
		}
		if _, live := c.Live[id]; !live {
			return nil
		}
		ours := c.ours(now)
		delete(c.Live, id)
		if due := c.due(); ours && now != due {
			if err := p.group.SetQuota(due); err != nil {
				return err
			}
		}
		return c.write(p.file)
	})
}

// state is the quota with the cuts that are noted. Where the note is lost the
// receipt itself tells.
func (p piece) state(id string) (cgroup.Quota, cuts, error) {
	now, err := p.group.Quota()
	if err != nil {
		return now, cuts{}, err
	}
	c, there, err := readCuts(p.file)
	if err == nil && !there && now == p.cut && now != p.was {
		c = cuts{Was: p.was, Live: map[string]cgroup.Quota{id: p.cut}}
	}
	return now, c, err
}

func see(ctx context.Context, r faults.Receipt) (seen faults.Presence, now cgroup.Quota, err error) {
	p, err := pieceOf(r)
	if err != nil {
		return faults.Unseen, now, err
	}
	if !p.group.There() {
		return faults.Absent, now, nil
	}
	err = alone(ctx, p.group, func() error {
		var c cuts
		if now, c, err = p.state(r.ID); err != nil {
			return err
		}
		seen = faults.Absent
		if _, live := c.Live[r.ID]; live && now == c.due() {
			seen = faults.Present
		}
		return nil
	})
	return seen, now, err
}
