package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/cgroup"
)

// affordable refuses to fill a tmpfs with memory that the machine, or the
// agent's own control group, does not have: the agent would be killed for it.
func affordable(path string, need int64) error {
	fs, err := holds(path)
	if err != nil || fs.kindOf() != tmpfs {
		return err
	}
	groups := cgroup.FS{}
	total, available, err := groups.HostMemory()
	if err != nil {
		return err
	}
	if spare := total / 20; need > available-spare {
		return fmt.Errorf("%w: a tmpfs is memory: filling %s takes %s, and the machine has %s to spare", faults.ErrRefused, filepath.Dir(path), size(need), size(max(0, available-spare)))
	}
	own, err := groups.Of(os.Getpid(), cgroup.Memory)
	if errors.Is(err, cgroup.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, g := range own.Levels() {
		limit, limited, err := g.MemoryLimit()
		if err != nil {
			return err
		}
		if !limited || limit > total {
			continue
		}
		used, err := g.MemoryUsage()
		if err != nil {
			return err
		}
		if left := limit/10*9 - used; need > left {
			return fmt.Errorf("%w: a tmpfs is memory of who fills it: filling %s takes %s, and the agent's control group %s has %s to spare; run the agent in a larger one",
				faults.ErrRefused, filepath.Dir(path), size(need), g.Dir, size(max(0, left)))
		}
	}
	return nil
}
