package disk

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// What a receipt holds of a filler.
const (
	undoFile       = "file"
	undoFilesystem = "filesystem" // as JSON
	undoFree       = "free"       // bytes that are left
	undoReserved   = "reserved"
	undoUsage      = "usage" // for people
)

// Plan finds the filesystem, how full it is, and where the file goes. Refusals
// are faults.ErrRefused.
func (d Full) Plan(_ context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(f, t)
	return faults.Planned(FullKind, f, r, err)
}

func (d Full) plan(f spec.Fault, t spec.Target) (faults.Receipt, error) {
	if err := DescribeFull().Check(f, t); err != nil {
		return faults.Receipt{}, err
	}
	dir, err := directory(t.Directory.Path)
	if err != nil {
		return faults.Receipt{}, err
	}
	with := params.Values{With: f.With, Parameters: fullParameters()}
	fs, has, err := look(dir)
	if err == nil {
		err = d.mayFill(dir, fs, with.Text("of") == ofHost)
	}
	if err != nil {
		return faults.Receipt{}, err
	}
	where, err := top(dir)
	if err != nil {
		return faults.Receipt{}, err
	}
	fill := filler{path: filepath.Join(where, fillerPrefix+rand.Text()), reserved: with.Text("reserved") == takeIt}
	fill.free = has.aim(inside.Share(f.With, fullTo()), fill.reserved)
	if with.Has("free") {
		fill.free = params.Read(with, "free", params.Size)
	}
	if err := fill.possible(has); err != nil {
		return faults.Receipt{}, err
	}
	return receipt(f, fill, fs, has)
}

func receipt(f spec.Fault, fill filler, fs filesystem, has room) (faults.Receipt, error) {
	boot, err := process.BootID()
	if err != nil {
		return faults.Receipt{}, err
	}
	raw, err := json.Marshal(fs)
	if err != nil {
		return faults.Receipt{}, fmt.Errorf("noting a filesystem: %w", err)
	}
	return faults.Receipt{Kind: FullKind, Target: string(f.Target), BootID: boot, Undo: map[string]string{
		undoFile: fill.path, undoFilesystem: string(raw), undoFree: strconv.FormatInt(fill.free, 10), undoReserved: strconv.FormatBool(fill.reserved),
		undoUsage: fmt.Sprintf("%s of %s, %s left (%s)", size(has.size-has.free), size(has.size), size(has.left(fill.reserved)), fs.kindOf()),
	}}, nil
}

// directory is where a path leads, without symbolic links.
func directory(path string) (string, error) {
	dir, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("%w: directory %s is not there: write its path as the agent's machine has it, or make it", faults.ErrRefused, path)
	}
	if err != nil {
		return "", fmt.Errorf("%w: looking for directory %s: %w", faults.ErrRefused, path, err)
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%w: %s is no directory: write the one that it is in", faults.ErrRefused, path)
	}
	return dir, err
}

// mayFill refuses filesystems that others need.
func (d Full) mayFill(dir string, fs filesystem, host bool) error {
	if fs.kindOf() == "" {
		return fmt.Errorf("%w: %s is on a filesystem that is not filled: %s", faults.ErrRefused, dir, fs.whyNot())
	}
	home := d.Dir
	if home == "" {
		home = os.TempDir()
	}
	own, err := holds(home)
	if err != nil {
		return err
	}
	if own == fs {
		return fmt.Errorf("%w: %s is on the filesystem of Faultline's own state, %s, and without room there nothing could be undone: give the target a disk of its own, or --home one", faults.ErrRefused, dir, home)
	}
	root, _, err := look("/")
	if err == nil && root == fs && !host {
		err = fmt.Errorf("%w: %s is on the root filesystem, which all of the host needs: give the target a disk of its own, or write of: host where that is meant", faults.ErrRefused, dir)
	}
	return err
}

// possible refuses what cannot be done, and changes nothing.
func (f filler) possible(has room) error {
	where := filepath.Dir(f.path)
	if f.free >= has.size {
		return fmt.Errorf("%w: free: %s is more than all of the filesystem of %s has, %s: write less", faults.ErrRefused, size(f.free), where, size(has.size))
	}
	if err := unix.Access(where, unix.W_OK); err != nil {
		return fmt.Errorf("%w: %s cannot be written: %w; run the agent as root, and mount the disk for writing", faults.ErrRefused, where, err)
	}
	now, all, err := f.missing()
	if err != nil {
		return err
	}
	if all == 0 {
		return fmt.Errorf("%w: %s is left, no more than is asked for: it is that full without Faultline", faults.ErrRefused, size(has.left(f.reserved)))
	}
	return affordable(f.path, now)
}

// fillerOf reads a receipt, and refuses one that would have another file
// removed.
func fillerOf(r faults.Receipt) (filler, filesystem, error) {
	f, fs := filler{path: r.Undo[undoFile]}, filesystem{}
	if !isFiller(f.path) {
		return f, fs, fmt.Errorf("receipt %s names no file that fills a disk: %q", r.ID, f.path)
	}
	err := json.Unmarshal([]byte(r.Undo[undoFilesystem]), &fs)
	if err == nil {
		f.free, err = strconv.ParseInt(r.Undo[undoFree], 10, 64)
	}
	if err == nil {
		f.reserved, err = strconv.ParseBool(r.Undo[undoReserved])
	}
	if err != nil {
		return f, fs, fmt.Errorf("reading what receipt %s fills: %w", r.ID, err)
	}
	return f, fs, nil
}

// reached is an error where the filesystem of a filler that is not seen is not
// seen either: the file may be on it. A tmpfs that is not mounted anywhere took
// its files along.
func reached(f filler, on filesystem) error {
	there, err := holds(f.path)
	if err != nil || there == on {
		return err
	}
	if on.kindOf() == tmpfs {
		if still, err := on.mounted(); err != nil || !still {
			return err
		}
	}
	return fmt.Errorf("the filesystem that is filled is not mounted at %s: mount it there, and %s is removed", filepath.Dir(f.path), filepath.Base(f.path))
}
