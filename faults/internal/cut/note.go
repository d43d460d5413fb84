package cut

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/pause"
)

// Note names a file for a cut of a limit, beside those of its other cuts: the
// prefix is that of a kind of limit, and key which one of them it is. dir "" is
// the system's folder for temporary files.
func Note(dir, prefix, key string) (string, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir) // the one who undoes may stand in another folder
	if err != nil {
		return "", fmt.Errorf("naming the file of a cut: %w", err)
	}
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(dir, prefix+hex.EncodeToString(sum[:8])+"-"+rand.Text()+noteSuffix), nil
}

// IsNote refuses a file that is something else.
func IsNote(file, prefix string) bool {
	return filepath.IsAbs(file) && strings.HasPrefix(filepath.Base(file), prefix) && strings.HasSuffix(file, noteSuffix)
}

// groupOfNote is what the names of a limit's files begin with.
func groupOfNote(file string) string { return file[:strings.LastIndexByte(file, '-')+1] }

const (
	lockEvery = 5 * time.Millisecond
	// lockFor is longer than anybody who is well needs the limit alone. Who has
	// the lock any longer is frozen; that must not keep others from undoing.
	lockFor = 500 * time.Millisecond
)

// alone runs f while no other process of Faultline is at the limits of a group,
// or one that stands still. It tries once at least. The lock is of the group's own
// folder: nothing is left of it, and it goes with its holder.
func alone(ctx context.Context, g cgroup.Group, f func() error) error {
	dir, err := os.Open(g.Dir)
	if err != nil {
		return fmt.Errorf("locking a control group: %w", err)
	}
	for until := time.Now().Add(lockFor); ; {
		err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil || errors.Is(err, unix.EWOULDBLOCK) && time.Now().After(until) {
			return errors.Join(f(), dir.Close())
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || !pause.For(ctx, lockEvery) {
			return fmt.Errorf("locking control group %s: %w", g.Dir, errors.Join(err, ctx.Err(), dir.Close()))
		}
	}
}
