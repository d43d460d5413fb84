package topic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
)

// errNobody says that nobody produces.
var errNobody = errors.New("nobody produces")

// mark is a path. Who produces holds a lock on the file there, which the
// kernel takes from the dead, and writes into it how many records were stored.
// The file is moved away to have the producer end.
type mark string

func markOf(r faults.Receipt) (mark, error) {
	path := r.Undo[undoMark]
	if !filepath.IsAbs(path) || !strings.HasPrefix(filepath.Base(path), markPrefix) {
		return "", fmt.Errorf("receipt %s names no mark of this fault: %q", r.ID, path)
	}
	return mark(path), nil
}

func (m mark) ending() string { return string(m) + ".ending" }

// held is the mark of who produces.
type held struct {
	mark mark
	file *os.File
}

// hold takes the mark; nil is that another has it.
func (m mark) hold() (*held, error) {
	f, err := os.OpenFile(string(m), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err = unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return nil, f.Close()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", m, err), f.Close())
	}
	return &held{m, f}, nil
}

// wanted says that nobody has asked the producer to end.
func (h *held) wanted() bool {
	mine, err := h.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(string(h.mark))
	return err == nil && os.SameFile(mine, there)
}

// note writes how many records were stored.
func (h *held) note(made int) error {
	_, err := h.file.WriteAt(fmt.Appendf(nil, "%d\n", made), 0)
	return err
}

func (h *held) close() error { return h.file.Close() }

// look says how many records were stored; errNobody where nobody produces.
func (m mark) look() (made int, err error) {
	for _, path := range []string{string(m), m.ending()} {
		f, err := os.Open(path) //nolint:gosec // a mark, by its name
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		busy, err := locked(f)
		text := make([]byte, 32)
		n, _ := f.ReadAt(text, 0)
		if err = errors.Join(err, f.Close()); err != nil {
			return 0, err
		}
		if busy {
			made, _ = strconv.Atoi(string(bytes.TrimSpace(text[:n])))
			return made, nil // none, as long as there is no number
		}
	}
	return 0, errNobody
}

// locked asks and locks nothing.
func locked(f *os.File) (bool, error) {
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(f.Fd(), unix.F_OFD_GETLK, &lock); err != nil {
		return false, fmt.Errorf("asking who holds %s: %w", f.Name(), err)
	}
	return lock.Type != unix.F_UNLCK, nil
}

// end moves the mark away and waits until nobody holds it. Several may do so at
// once.
func (m mark) end(ctx context.Context) error {
	if err := os.Rename(string(m), m.ending()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for {
		f, err := os.Open(m.ending())
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		busy, err := locked(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
		if !busy {
			if err := os.Remove(m.ending()); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
			return nil
		}
		if !pause.For(ctx, 5*time.Millisecond) {
			return fmt.Errorf("waiting for the producer of poison to end: %w; it may be frozen with the process that injected it: end that one", ctx.Err())
		}
	}
}
