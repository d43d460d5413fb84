package cpu

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/internal/process"
)

// cuts are those of one group's quota that are there at a time: the least
// counts, and the last to go puts back what was before the first. A cut is noted
// before it is made, and struck out after it is mended, so that whatever was set
// is noted, whoever dies.
type cuts struct {
	Was  cgroup.Quota            `json:"was"`
	Live map[string]cgroup.Quota `json:"live"` // by receipt
}

// due is what the quota has to be.
func (c cuts) due() cgroup.Quota {
	out := c.Was
	for _, q := range c.Live {
		if out.Max == 0 || q.Max < out.Max {
			out = q
		}
	}
	return out
}

// ours says that the quota is one that Faultline found or set: what somebody
// else has set since is not Faultline's to change.
func (c cuts) ours(now cgroup.Quota) bool {
	return now == c.Was || slices.Contains(slices.Collect(maps.Values(c.Live)), now)
}

const cutsPrefix = "faultline-quota-"

// cutsFile is where the cuts of a group are noted.
func cutsFile(dir string, g cgroup.Group) (string, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir) // the one who undoes may stand in another folder
	if err != nil {
		return "", fmt.Errorf("naming the file for the cuts of a quota: %w", err)
	}
	sum := sha256.Sum256([]byte(g.Dir))
	return filepath.Join(dir, cutsPrefix+hex.EncodeToString(sum[:8])+".json"), nil
}

// readCuts is false where none are noted.
func readCuts(path string) (cuts, bool, error) {
	var c cuts
	text, err := os.ReadFile(path) //nolint:gosec // the file that the receipt names
	if errors.Is(err, os.ErrNotExist) {
		return c, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return c, false, fmt.Errorf("reading the cuts of a quota: %w", err)
	}
	return c, true, nil
}

// write puts the cuts on disk; where none is left there is no file.
func (c cuts) write(path string) error {
	if len(c.Live) == 0 {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing the cuts of a quota: %w", err)
		}
		return nil
	}
	raw, err := json.Marshal(c)
	if err == nil {
		err = process.WriteFile(path, append(raw, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("noting the cuts of a quota: %w", err)
	}
	return nil
}

const lockEvery = 5 * time.Millisecond

// alone runs f while no other process of Faultline is at the group's quota. It
// tries once at least. The lock is of the group's own folder: nothing is left of
// it, and it goes with its holder.
func alone(ctx context.Context, g cgroup.Group, f func() error) error {
	dir, err := os.Open(g.Dir)
	if err != nil {
		return fmt.Errorf("locking a control group: %w", err)
	}
	for {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return errors.Join(f(), dir.Close())
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || !pause.For(ctx, lockEvery) {
			return fmt.Errorf("locking control group %s: %w", g.Dir, errors.Join(err, ctx.Err(), dir.Close()))
		}
	}
}
