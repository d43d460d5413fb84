package disk

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

const fillerPrefix = ".faultline-full-"

// filler is the file that takes the room. It is as large as what it is to take,
// and has as many blocks as it took; until it has what there was its size is 0, so
// that one which was left half made is known.
type filler struct {
	path     string
	free     int64 // is left
	reserved bool  // what root alone may write is taken, too
}

// state of a filler's file, in bytes.
type state struct{ want, held int64 }

// isFiller refuses a path that is something else's.
func isFiller(path string) bool {
	return filepath.IsAbs(path) && filepath.Clean(path) == path && strings.HasPrefix(filepath.Base(path), fillerPrefix)
}

func (f filler) open(flags int) (*os.File, error) {
	return os.OpenFile(f.path, flags|unix.O_NOFOLLOW, 0o600)
}

// state is os.ErrNotExist where the file is not there.
func (f filler) state() (state, error) {
	var s unix.Stat_t
	if err := unix.Lstat(f.path, &s); err != nil {
		return state{}, fmt.Errorf("looking for %s: %w", f.path, err)
	}
	if s.Mode&unix.S_IFMT != unix.S_IFREG {
		return state{}, fmt.Errorf("looking for %s: it is no file of Faultline's: see what it is, and move it away", f.path)
	}
	return state{want: s.Size, held: s.Blocks * sector}, nil
}

const sector = 512 // what stat(2) counts in

// others are the bytes that other fillers hold beside this one.
func (f filler) others() (int64, error) {
	files, err := filepath.Glob(filepath.Join(escaped(filepath.Dir(f.path)), fillerPrefix+"*"))
	if err != nil {
		return 0, fmt.Errorf("looking for other fillers: %w", err)
	}
	var sum int64
	for _, path := range files {
		s, err := filler{path: path}.state()
		if path == f.path || errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		sum += s.held
	}
	return sum, nil
}

func escaped(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// missing is how much is to be taken now, and how much with what others hold.
func (f filler) missing() (now, all int64, err error) {
	_, has, err := look(filepath.Dir(f.path))
	if err != nil {
		return 0, 0, err
	}
	others, err := f.others()
	now = has.left(f.reserved) - f.free
	return max(0, now), max(0, now+others), err
}

// make fills. A filesystem that is as full as asked for, by other things than
// fillers, is faults.ErrRefused.
func (f filler) make(ctx context.Context) error {
	if s, err := f.state(); err == nil && s.want > 0 {
		return nil
	}
	now, all, err := f.missing()
	if err == nil && all == 0 {
		err = fmt.Errorf("%w: it is that full without Faultline", faults.ErrRefused)
	}
	if err == nil {
		err = affordable(f.path, now)
	}
	if err != nil {
		return err
	}
	file, err := f.open(os.O_RDWR | os.O_CREATE)
	if err != nil {
		return fmt.Errorf("making what fills the disk: %w", err)
	}
	held, err := grow(ctx, file, now)
	if err == nil {
		err = file.Truncate(max(held, held+all-now))
	}
	return errors.Join(err, file.Close())
}

// keep takes what another filler has given back since, where this one found the
// room taken. What the target has given back is its own. A file that is gone is
// an error.
func (f filler) keep(ctx context.Context) error {
	s, err := f.state()
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("overtaken: somebody removed %s", f.path)
	}
	if err != nil || s.held >= s.want {
		return err
	}
	now, _, err := f.missing()
	if err == nil {
		err = affordable(f.path, now)
	}
	if err != nil || now == 0 {
		return err
	}
	file, err := f.open(os.O_RDWR) // it never makes one that is undone meanwhile
	if err != nil {
		return fmt.Errorf("filling what is free again: %w", err)
	}
	_, err = grow(ctx, file, min(now, s.want-s.held))
	return errors.Join(err, file.Close())
}

const mostAtOnce = 64 << 20 // bytes, between two looks at ctx

// grow takes so many bytes more, or all that there are, and says how many the
// file has then. They are reserved by fallocate(2), not written; the size stays.
func grow(ctx context.Context, file *os.File, by int64) (int64, error) {
	held, block, err := blocks(file)
	if err != nil {
		return 0, err
	}
	for at, step := held, int64(mostAtOnce); by > 0 && step >= block; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n := min(by, step)
		err := retried(func() error { return unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, at, n) })
		switch {
		case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT):
			step = min(n, step) / 2
		case err != nil:
			return 0, fmt.Errorf("taking %s of a disk: %w", size(n), err)
		default:
			at, by = at+n, by-n
		}
	}
	held, _, err = blocks(file)
	return held, err
}

// blocks is how many bytes a file has, and the size of a block.
func blocks(file *os.File) (held, block int64, err error) {
	var s unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &s); err != nil {
		return 0, 0, fmt.Errorf("looking at what fills the disk: %w", err)
	}
	return s.Blocks * sector, int64(s.Blksize), nil //nolint:unconvert // its size is the machine's
}

// remove gives all back. It is cut to nothing before it goes, so that one who has
// it open, and stands still, keeps no room.
func (f filler) remove() error {
	file, err := f.open(os.O_RDWR)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(file.Truncate(0), file.Close())
	}
	if err == nil {
		err = os.Remove(f.path)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing what fills the disk: %w", err)
	}
	return process.SyncDir(filepath.Dir(f.path))
}
