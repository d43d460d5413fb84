package ingest

import (
	"errors"
	"os"

	"github.com/k2-platform/faultline/internal/cgroup"
)

// ownMemory is what is used of the limit of the process's own control group.
// One above it is not looked at: its memory is that of others, too, and
// shedding trades would not free it.
func ownMemory() (used, limit int64, err error) {
	g, err := cgroup.FS{}.Of(os.Getpid(), cgroup.Memory)
	if errors.Is(err, cgroup.ErrNone) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	limit, ok, err := g.MemoryLimit()
	if err != nil || !ok {
		return 0, 0, err
	}
	used, err = g.MemoryUsage()
	return used, limit, err
}

// join puts the process into a control group, so that one that is started
// again is in it, whoever starts it.
func join(dir string) error {
	if dir == "" {
		return nil
	}
	return cgroup.Group{Dir: dir}.Join(os.Getpid())
}
