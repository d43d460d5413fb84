package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/process"
)

// local is the files of this machine. What it swaps stands beside the object
// first, under a name that begins with a dot and no table names.
type local struct{ name string }

var _ Store = local{}

func pathOf(location string) (string, error) {
	path := strings.TrimPrefix(location, "file://")
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("opening %q: it is no path from the root", location)
	}
	return filepath.Clean(path), nil
}

func (local) Close() {}

// Nowhere implements Store.
func (local) Nowhere(location string) bool {
	path, err := pathOf(location)
	if err != nil {
		return false
	}
	_, err = os.Stat(filepath.Dir(path))
	return errors.Is(known(err), ErrNone)
}

// Read implements Store.
func (local) Read(ctx context.Context, location string) (io.ReadCloser, Info, error) {
	path, err := pathOf(location)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, Info{}, err
	}
	f, err := os.Open(path) //nolint:gosec // the table names it
	if err != nil {
		return nil, Info{}, known(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("opening %s: it is no file", path)
	}
	if err != nil {
		return nil, Info{}, errors.Join(err, f.Close())
	}
	return f, Info{Size: info.Size(), Headers: rights(info)}, nil
}

// known tells what the system says in this package's words.
func known(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: %w", ErrNone, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}

// Swap implements Store.
func (l local) Swap(ctx context.Context, location string, from, to Content) error {
	path, err := pathOf(location)
	if err != nil {
		return err
	}
	is, _, err := Look(ctx, l, location)
	switch {
	case err != nil || is == to.Form:
		return err
	case is != from.Form:
		return fmt.Errorf("%s: %w", location, ErrChanged)
	}
	beside, err := os.CreateTemp(filepath.Dir(path), l.prefix()+"*")
	if err != nil {
		return fmt.Errorf("writing beside %s: %w", path, known(err))
	}
	err = beside.Close()
	if err == nil && !to.Gone() {
		err = write(beside.Name(), path, to)
	}
	if err != nil {
		return errors.Join(known(err), os.Remove(beside.Name()))
	}
	if err := exchange(path, beside.Name(), from.Form, to.Form); err != nil {
		return fmt.Errorf("swapping %s: %w", path, known(err))
	}
	return process.SyncDir(filepath.Dir(path))
}

func (l local) prefix() string { return ".faultline-" + l.name + "-" }

// The headers of a file: who may read it.
const (
	fileMode  = "file-mode"  // octal
	fileOwner = "file-owner" // uid:gid
)

func rights(info os.FileInfo) map[string]string {
	out := map[string]string{fileMode: strconv.FormatUint(uint64(info.Mode().Perm()), 8)}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		out[fileOwner] = fmt.Sprintf("%d:%d", s.Uid, s.Gid)
	}
	return out
}

// write makes the file beside what the object is to be. Where nothing says who
// may read it, who may enter the folder may.
func write(beside, path string, to Content) error {
	in, err := to.Open()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_TRUNC, 0) //nolint:gosec // it was made a moment ago
	if err != nil {
		return errors.Join(err, in.Close())
	}
	wrote, err := Measure(io.TeeReader(in, f))
	if err == nil && wrote != to.Form {
		err = fmt.Errorf("what is to stand at %s is not what it was", path)
	}
	if err = errors.Join(err, in.Close(), give(f, path, to.Headers), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing beside %s: %w", path, err)
	}
	return nil
}

// give sets mode and owner; the owner only where that is allowed.
func give(f *os.File, path string, headers map[string]string) error {
	if headers[fileMode] == "" {
		info, err := os.Stat(filepath.Dir(path))
		if err != nil {
			return err
		}
		headers = rights(info)
	}
	mode, err := strconv.ParseUint(headers[fileMode], 8, 32)
	if err != nil {
		return fmt.Errorf("reading the mode of %s: %w", path, err)
	}
	var uid, gid int
	if _, err := fmt.Sscanf(headers[fileOwner], "%d:%d", &uid, &gid); err == nil && os.Geteuid() == 0 {
		if err := f.Chown(uid, gid); err != nil {
			return err
		}
	}
	return f.Chmod(os.FileMode(mode) & 0o666)
}

// exchange puts what is beside in the place of the object, and looks at what
// came out: what is not from was written since, and goes back.
func exchange(path, beside string, from, to Form) error {
	if from.Gone() { // a link does not replace
		err := os.Link(beside, path)
		if errors.Is(err, fs.ErrExist) {
			err = ErrChanged
		}
		return errors.Join(err, os.Remove(beside))
	}
	swap := func() error { return unix.Renameat2(unix.AT_FDCWD, beside, unix.AT_FDCWD, path, unix.RENAME_EXCHANGE) }
	back := swap
	var err error
	if to.Gone() {
		err = os.Rename(path, beside)
		back = func() error { return unix.Renameat2(unix.AT_FDCWD, beside, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE) }
	} else if err = swap(); noExchange(err) {
		return os.Rename(beside, path) // it was from a moment ago
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	switch was, err := measureFile(beside); {
	case err == nil && was == from:
		return os.Remove(beside)
	case to.Gone():
		if err := errors.Join(err, back()); err != nil {
			return fmt.Errorf("%w, and what was there is now %s: %w", ErrChanged, beside, err)
		}
		return ErrChanged
	default:
		return errors.Join(ErrChanged, err, giveBack(beside, to, back))
	}
}

// noExchange says that the file system knows no exchange of two names.
func noExchange(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP)
}

// giveBack exchanges until what comes out is ours, or was overwritten by
// others while it was out.
func giveBack(beside string, ours Form, back func() error) error {
	if err := back(); err != nil {
		return fmt.Errorf("what was there is now %s: %w", beside, err)
	}
	if was, err := measureFile(beside); err != nil || was != ours {
		if err := errors.Join(err, back()); err != nil {
			return fmt.Errorf("what was there is now %s: %w", beside, err)
		}
	}
	return os.Remove(beside)
}

func measureFile(path string) (Form, error) {
	f, err := os.Open(path) //nolint:gosec // it was the object
	if err != nil {
		return Form{}, err
	}
	was, err := Measure(f)
	return was, errors.Join(err, f.Close())
}

// Sweep implements Store.
func (l local) Sweep(_ context.Context, locations []string) error {
	var problems []error
	for _, location := range locations {
		path, err := pathOf(location)
		if err != nil {
			return err
		}
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), l.prefix()) {
				continue
			}
			if err := os.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				problems = append(problems, err)
			}
		}
	}
	return errors.Join(problems...)
}
