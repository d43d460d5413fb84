package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// filesystem tells one from another, as statfs(2) does: ext4 by its UUID, a
// tmpfs by a number that it draws when it is mounted, xfs by its device.
type filesystem struct {
	Type int64  `json:"type"` // magic number
	ID   string `json:"id"`
	// Device is that of a tmpfs, as major:minor: nobody else has it while it is
	// mounted somewhere.
	Device string `json:"device,omitempty"`
}

// room is what a filesystem has, in bytes.
type room struct {
	size  int64
	free  int64 // with what is reserved for root
	users int64 // free without it
}

// kindOf names the filesystems whose room is their own, and that take a file of
// a size without having it written; "" is any other.
func (fs filesystem) kindOf() string {
	switch fs.Type {
	case unix.EXT4_SUPER_MAGIC: // of ext2 and ext3, too
		return "ext4"
	case unix.XFS_SUPER_MAGIC:
		return "xfs"
	case unix.TMPFS_MAGIC:
		return tmpfs
	}
	return ""
}

// whyNot says of one that kindOf does not name why it is not filled.
func (fs filesystem) whyNot() string {
	switch fs.Type {
	case unix.OVERLAYFS_SUPER_MAGIC:
		return "an overlay has the room of the filesystem below it, which others use: name the directory on the host where that is"
	case unix.BTRFS_SUPER_MAGIC:
		return "of btrfs nobody can say beforehand what a file takes: give the target a disk of ext4 or xfs"
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC:
		return "its room is another machine's: fill it there"
	}
	return "ext2 to ext4, xfs and tmpfs can be filled: give the target a disk of one of these"
}

// look is which filesystem holds a path, and the room it has. Under a project
// quota it is the quota's.
func look(path string) (filesystem, room, error) {
	var s unix.Statfs_t
	if err := retried(func() error { return unix.Statfs(path, &s) }); err != nil {
		return filesystem{}, room{}, fmt.Errorf("asking what room %s has: %w", path, err)
	}
	bytes := func(blocks uint64) int64 { return int64(blocks) * s.Frsize }                                           //nolint:gosec // no disk has 8 EiB
	fs := filesystem{Type: int64(s.Type), ID: fmt.Sprintf("%08x%08x", uint32(s.Fsid.Val[0]), uint32(s.Fsid.Val[1]))} //nolint:unconvert,gosec // bits; the type's size is the machine's
	if fs.kindOf() == tmpfs {
		dev, err := deviceOf(path)
		if err != nil {
			return fs, room{}, err
		}
		fs.Device = fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev))
	}
	return fs, room{size: bytes(s.Blocks), free: bytes(s.Bfree), users: bytes(s.Bavail)}, nil
}

const tmpfs = "tmpfs"

// mounted says whether a tmpfs is still mounted somewhere, perhaps below
// another filesystem (proc_pid_mountinfo(5)).
func (fs filesystem) mounted() (bool, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, fmt.Errorf("looking what is mounted: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == fs.Device {
			return true, nil
		}
	}
	return false, nil
}

// left is what may still be written: by everybody, or by root.
func (r room) left(reserved bool) int64 {
	if reserved {
		return r.free
	}
	return r.users
}

// aim is how much is left where it is full to a share, as df(1) counts: of what
// may be written at all.
func (r room) aim(share float64, reserved bool) int64 {
	most := r.size - r.free + r.left(reserved)
	return int64((1 - share) * float64(most))
}

// slack is how much more than the aim may be left: what a filesystem keeps to
// itself for its own lists.
func (r room) slack() int64 { return max(r.size/1000, 64<<10) }

// deviceOf is the number of the device that holds a path.
func deviceOf(path string) (uint64, error) {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return 0, fmt.Errorf("asking which disk holds %s: %w", path, err)
	}
	return uint64(s.Dev), nil //nolint:unconvert // its size is the machine's
}

// top is the uppermost folder that has the same room as dir: what is put
// there is out of the target's way.
func top(dir string) (string, error) {
	dev, err := deviceOf(dir)
	if err != nil {
		return "", err
	}
	fs, has, err := look(dir)
	if err != nil {
		return "", err
	}
	for dir != "/" {
		above := filepath.Dir(dir)
		other, err := deviceOf(above)
		if err != nil {
			return "", err
		}
		otherFS, otherHas, err := look(above)
		if err != nil {
			return "", err
		}
		if other != dev || otherFS != fs || otherHas.size != has.size || !mayWrite(above) {
			break
		}
		dir = above
	}
	return dir, nil
}

func mayWrite(dir string) bool { return unix.Access(dir, unix.W_OK) == nil }

// holds is which filesystem holds a path that need not be there: that of the
// nearest folder above it that is.
func holds(path string) (filesystem, error) {
	for {
		if _, err := os.Lstat(path); err == nil || path == "/" {
			fs, _, err := look(path)
			return fs, err
		}
		path = filepath.Dir(path)
	}
}

func size(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// retried calls again what a signal has interrupted.
func retried(f func() error) error {
	for {
		if err := f(); err != unix.EINTR { //nolint:errorlint // a bare number
			return err
		}
	}
}
