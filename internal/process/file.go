package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// WriteFile replaces the file at path in one step: a reader sees the old
// content or the new. It returns once file and folder are on disk, so that
// the new content survives a power loss.
func WriteFile(path string, content []byte, mode os.FileMode) error {
	return ReplaceFile(path, mode, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// ReplaceFile is WriteFile of what write writes, piece by piece. After an
// error of write the file is as it was.
func ReplaceFile(path string, mode os.FileMode, write func(io.Writer) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, TempPrefix+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	err = write(f)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(f.Name())))
	}
	return SyncDir(dir)
}

// TempPrefix begins the name of a file that WriteFile has not finished.
const TempPrefix = ".tmp-"

// SyncDir makes renames and removals in a folder survive a power loss.
func SyncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the folder is the operator's
	if err != nil {
		return fmt.Errorf("syncing folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("syncing folder %s: %w", dir, err)
	}
	return nil
}
