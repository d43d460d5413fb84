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
	"github.com/k2-platform/faultline/sandbox/service"
)

// groupFile holds the folder of ingestion's control group while there is one.
func groupFile(home string) string { return filepath.Join(service.Dir(home), "ingest.cgroup") }

// makeGroup makes the control group of ingestion with a limit in bytes, or
// takes the one that an earlier life left, and gives its folder.
func makeGroup(home string, limit int64) (string, error) {
	g, err := groupOf(home)
	if err == nil {
		err = os.WriteFile(groupFile(home), []byte(g.Dir), 0o600) // before it is there, so that down finds it
	}
	if err == nil && g.V2 {
		err = os.WriteFile(filepath.Join(g.Top, "cgroup.subtree_control"), []byte("+memory"), 0o600)
	}
	if err == nil {
		if err = os.Mkdir(g.Dir, 0o750); errors.Is(err, os.ErrExist) {
			err = nil
		}
	}
	if err == nil {
		err = limitMemory(g, limit)
	}
	if err != nil {
		return "", fmt.Errorf("giving ingestion a memory limit: %w; start the sandbox as root on a machine with memory control groups, or without --memory-limit", err)
	}
	return g.Dir, nil
}

// groupOf is where the group of a home folder is: on v1 below the sandbox's
// own, on v2 below the uppermost, since there a group with processes has none
// below it.
func groupOf(home string) (cgroup.Group, error) {
	own, err := cgroup.FS{}.Of(os.Getpid(), cgroup.Memory)
	if err != nil {
		return cgroup.Group{}, err
	}
	above := own.Dir
	if own.V2 {
		above = own.Top
	}
	sum := sha256.Sum256([]byte(home))
	return cgroup.Group{Dir: filepath.Join(above, "faultline-sandbox-"+hex.EncodeToString(sum[:6])), Top: own.Top, V2: own.V2}, nil
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

// removeGroup removes what makeGroup made. Its last process may leave a little
// after its end is seen.
func removeGroup(ctx context.Context, home string) error {
	dir, err := os.ReadFile(groupFile(home))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("removing ingestion's control group: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, termWithin)
	defer cancel()
	for {
		err = os.Remove(strings.TrimSpace(string(dir)))
		if err == nil || errors.Is(err, os.ErrNotExist) {
			return os.Remove(groupFile(home))
		}
		if !errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("removing ingestion's control group: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("removing ingestion's control group: %w; a process is still in it, see its cgroup.procs", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
