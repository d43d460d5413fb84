package memory

import (
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/cgroup"
)

// aim is how full what is to be.
type aim struct {
	Group cgroup.Group `json:"group"` // of the target's process
	Host  bool         `json:"host"`  // the machine's memory, not the group's
	Share float64      `json:"share"` // of the limit, 0 to 1
	// Kills is how many of the group the kernel had killed for want of memory.
	Kills int64 `json:"oom_kills"`
}

// levels are the limits that bound the target, as they are now: of its group
// and of those above it, or of the machine. None: nothing bounds it.
func (a aim) levels(fs cgroup.FS) ([]level, error) {
	total, available, err := fs.HostMemory()
	if err != nil {
		return nil, err
	}
	if a.Host {
		return []level{a.level(total, total-available)}, nil
	}
	var out []level
	for _, g := range a.Group.Levels() {
		limit, limited, err := g.MemoryLimit()
		if err != nil {
			return nil, err
		}
		if !limited || limit > total {
			continue // more than the machine has: it bounds nothing
		}
		used, err := g.MemoryUsage()
		if err != nil {
			return nil, err
		}
		out = append(out, a.level(limit, used))
	}
	return out, nil
}

func (a aim) level(limit, used int64) level {
	return level{limit: limit, aim: int64(a.Share * float64(limit)), usage: used}
}

// fullest is the level that is nearest to its aim. There is one at least.
func fullest(levels []level) level {
	out := levels[0]
	for _, l := range levels[1:] {
		if l.aim-l.usage < out.aim-out.usage {
			out = l
		}
	}
	return out
}

// least is the smallest limit that is filled: below it the filler itself
// would be a good part of what is held.
const least = 32 << 20

// possible refuses what cannot be done to this group on this machine, and
// changes nothing.
func (a aim) possible(fs cgroup.FS) (level, error) {
	levels, err := a.levels(fs)
	if err != nil {
		return level{}, err
	}
	if len(levels) == 0 {
		return level{}, fmt.Errorf("%w: control group %s has no memory limit, nor has one above it: give it one, or write of: host to fill the machine",
			faults.ErrRefused, a.Group.Dir)
	}
	l := fullest(levels)
	total, available, err := fs.HostMemory()
	if err != nil {
		return l, err
	}
	spare := total / 20
	var problems []error
	refuse := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("%w: "+format, append([]any{faults.ErrRefused}, args...)...))
	}
	if l.limit < least {
		refuse("the limit is %s: below %s it cannot be filled to a percentage; give the group more", size(l.limit), size(least))
	}
	if need := l.aim - l.usage; need > available-spare {
		refuse("to fill %s to %s takes %s more, and the machine has %s to spare: write a lower percentage", a.what(), size(l.aim), size(need), size(max(0, available-spare)))
	}
	if err := a.Group.MayJoin(); err != nil {
		refuse("%w", err)
	}
	return l, errors.Join(append(problems, a.slowed(), a.swapped(fs))...)
}

// slowed refuses where the kernel holds the group up before it is that full.
func (a aim) slowed() error {
	if a.Host {
		return nil
	}
	for _, g := range a.Group.Levels() {
		high, slows, err := g.MemoryHigh()
		if err != nil {
			return err
		}
		limit, limited, err := g.MemoryLimit()
		if err != nil {
			return err
		}
		if slows && limited && high < int64(a.Share*float64(limit)) {
			return fmt.Errorf("%w: memory.high of control group %s is %s: the kernel slows its processes down before they have %.0f%% of %s; raise it, or write a lower percentage",
				faults.ErrRefused, g.Dir, size(high), 100*a.Share, size(limit))
		}
	}
	return nil
}

// swapped refuses where the target would be moved out in the place of being
// short of memory.
func (a aim) swapped(fs cgroup.FS) error {
	swaps, err := fs.Swaps()
	if err != nil || !swaps {
		return err
	}
	may, err := a.Group.MaySwap()
	if err != nil || !may {
		return err
	}
	return fmt.Errorf("%w: memory of control group %s may be swapped out, and so never be short: write 0 to its memory.swap.max (v1: memory.swappiness), or turn swap off",
		faults.ErrRefused, a.Group.Dir)
}

func (a aim) what() string {
	if a.Host {
		return "the machine"
	}
	return "control group " + a.Group.Dir
}

// size is for people.
func size(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
