package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/service"
)

// bound is a control group of its own for one service, with what that may use
// at most.
type bound struct {
	service    string
	controller cgroup.Controller
	limit      func(cgroup.Group) error
}

// bounds are those of the services that have any.
func (c Config) bounds() []bound {
	var out []bound
	if c.Memory > 0 {
		out = append(out, bound{ingest.Name, cgroup.Memory, func(g cgroup.Group) error { return limitMemory(g, c.Memory) }})
	}
	if c.CPU > 0 {
		out = append(out, bound{query.Name, cgroup.CPU, func(g cgroup.Group) error { return limitCPU(g, c.CPU) }})
	}
	return out
}

// groupFile holds the folder of a service's control group while there is one.
func groupFile(home, name string) string { return filepath.Join(service.Dir(home), name+".cgroup") }

// make makes the control group, or takes the one that an earlier life left, and
// gives its folder.
func (b bound) make(home string) (string, error) {
	g, err := b.group(home)
	if err == nil {
		err = os.WriteFile(groupFile(home, b.service), []byte(g.Dir), 0o600) // before it is there, so that down finds it
	}
	if err == nil && g.V2 {
		err = os.WriteFile(filepath.Join(g.Top, "cgroup.subtree_control"), []byte("+"+b.controller), 0o600)
	}
	if err == nil {
		if err = os.Mkdir(g.Dir, 0o750); errors.Is(err, os.ErrExist) {
			err = nil
		}
	}
	if err == nil {
		err = b.limit(g)
	}
	if err != nil {
		return "", fmt.Errorf("giving %s a %s limit: %w; start the sandbox as root on a machine with %s control groups, or without that limit",
			b.service, b.controller, err, b.controller)
	}
	return g.Dir, nil
}

// group is where the group of a home folder is: on v1 below the sandbox's own,
// on v2 below the uppermost, since there a group with processes has none below
// it.
func (b bound) group(home string) (cgroup.Group, error) {
	own, err := cgroup.FS{}.Of(os.Getpid(), b.controller)
	if err != nil {
		return cgroup.Group{}, err
	}
	above := own.Dir
	if own.V2 {
		above = own.Top
	}
	sum := sha256.Sum256([]byte(home))
	name := "faultline-sandbox-" + hex.EncodeToString(sum[:6]) + "-" + b.service
	return cgroup.Group{Dir: filepath.Join(above, name), Top: own.Top, V2: own.V2}, nil
}

// limitMemory sets the limit, and forbids swapping where the kernel asks: what
// is swapped would not be used.
func limitMemory(g cgroup.Group, bytes int64) error {
	limit, swap := "memory.limit_in_bytes", "memory.swappiness"
	if g.V2 {
		limit, swap = "memory.max", "memory.swap.max"
	}
	err := os.WriteFile(filepath.Join(g.Dir, swap), []byte("0"), 0o600)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		err = nil // this kernel does not account for swap
	}
	return errors.Join(err, os.WriteFile(filepath.Join(g.Dir, limit), []byte(strconv.FormatInt(bytes, 10)), 0o600))
}

// limitCPU sets the quota, in processors. So that the service has what its
// quota says, whatever else the machine does, the group weighs more than others
// do.
func limitCPU(g cgroup.Group, cores float64) error {
	weight, heavy := "cpu.shares", "10240" // ten times what a group has by default
	if g.V2 {
		weight, heavy = "cpu.weight", "1000"
	}
	return errors.Join(
		os.WriteFile(filepath.Join(g.Dir, weight), []byte(heavy), 0o600),
		g.SetQuota(cgroup.Quota{Max: time.Duration(cores * float64(cgroup.DefaultPeriod)), Period: cgroup.DefaultPeriod}),
	)
}

// removeGroups removes what bound.make made.
func removeGroups(ctx context.Context, home string) error {
	files, err := filepath.Glob(groupFile(home, "*"))
	for _, f := range files {
		err = errors.Join(err, removeGroup(ctx, f))
	}
	return err
}

// removeGroup removes the group that a file names. Its last process may leave a
// little after its end is seen.
func removeGroup(ctx context.Context, file string) error {
	dir, err := os.ReadFile(file) //nolint:gosec // of the sandbox's own folder
	if err != nil {
		return fmt.Errorf("removing a control group: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, termWithin)
	defer cancel()
	for {
		err = os.Remove(strings.TrimSpace(string(dir))) //nolint:gosec // makeGroup wrote it
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return os.Remove(file)
		}
		if !errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("removing a control group: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("removing a control group: %w; a process is still in it, see its cgroup.procs", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
