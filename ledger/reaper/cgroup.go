package reaper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/internal/cgroup"
)

const groupPrefix = "faultline-reaper-"

// Cgroup is a control group of the reaper's own. systemd ends a unit by
// killing all that is in the unit's group, sessions or not.
type Cgroup struct{ mounts []string }

// OwnCgroup moves the calling process out of its control group, into one of its
// own below each root that systemd may kill by: the unified hierarchy, and on
// older machines its named one. Groups of resources are left as they are. The
// error says where that could not be had; the rest was done.
func OwnCgroup() (Cgroup, error) {
	mounts, err := killable()
	if err != nil {
		return Cgroup{}, fmt.Errorf("leaving the agent's control group: %w", err)
	}
	var c Cgroup
	var problems []error
	for _, mount := range mounts {
		sweepGroups(mount)
		dir := groupIn(mount)
		err := os.Mkdir(dir, 0o750)
		if err == nil {
			if err = join(dir); err != nil {
				err = errors.Join(err, os.Remove(dir))
			}
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		c.mounts = append(c.mounts, mount)
	}
	if err := errors.Join(problems...); err != nil {
		return c, fmt.Errorf("leaving the agent's control group: %w", err)
	}
	if len(c.mounts) == 0 {
		return c, errors.New("leaving the agent's control group: no hierarchy is mounted")
	}
	return c, nil
}

// String names the groups.
func (c Cgroup) String() string {
	var dirs []string
	for _, mount := range c.mounts {
		dirs = append(dirs, groupIn(mount))
	}
	return strings.Join(dirs, " ")
}

// Leave removes the groups. One with a target in it, which the reaper has
// started again, is left until a later reaper finds it empty.
func (c Cgroup) Leave() {
	for _, mount := range c.mounts {
		if join(mount) == nil {
			_ = os.Remove(groupIn(mount))
		}
	}
}

func groupIn(mount string) string {
	return filepath.Join(mount, groupPrefix+strconv.Itoa(os.Getpid()))
}

func join(dir string) error {
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0o600)
}

// sweepGroups removes what killed reapers left: the kernel keeps those that
// are not empty.
func sweepGroups(mount string) {
	old, err := filepath.Glob(filepath.Join(mount, groupPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range old {
		_ = os.Remove(dir)
	}
}

// killable are where the hierarchies are mounted that systemd may kill by.
func killable() ([]string, error) {
	all, err := cgroup.FS{}.Mounts()
	if err != nil {
		return nil, err
	}
	var mounts []string
	for _, m := range all {
		if m.V2 || slices.Contains(m.Options, "name=systemd") {
			mounts = append(mounts, m.Dir)
		}
	}
	return mounts, nil
}
