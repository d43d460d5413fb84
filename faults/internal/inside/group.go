package inside

import (
	"fmt"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/process"
)

// GroupOf is the group of a controller that a process is in. A machine without
// such groups is faults.ErrRefused.
func GroupOf(target process.Record, c cgroup.Controller) (cgroup.Group, error) {
	g, err := cgroup.FS{}.Of(target.PID, c)
	if err != nil {
		return g, fmt.Errorf("%w: %w", faults.ErrRefused, err)
	}
	return g, nil
}

// StillIn is the receipt's target, as long as it is in the group that it was
// planned in. Otherwise it is faults.ErrRefused.
func StillIn(r faults.Receipt, g cgroup.Group, c cgroup.Controller) (process.Record, error) {
	target, err := Target(r)
	if err == nil {
		err = Alive(target)
	}
	if err != nil {
		return target, err
	}
	now, err := GroupOf(target, c)
	if err == nil && now != g {
		err = fmt.Errorf("%w: it went from control group %s to %s since this was planned", faults.ErrRefused, g.Dir, now.Dir)
	}
	return target, err
}
