package truth

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func cursorPath(dir string) string { return filepath.Join(dir, "published") }

// readCursor gives the place before which everything is published; the zero
// place where nothing is.
func readCursor(dir string) (place, error) {
	text, err := os.ReadFile(cursorPath(dir))
	if errors.Is(err, os.ErrNotExist) {
		return place{}, nil
	}
	var at place
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	if err != nil {
		return place{}, fmt.Errorf("reading what is published from %s: %w: remove the file to publish all again, which does no harm", cursorPath(dir), err)
	}
	return at, nil
}

// writeCursor has the place on disk, or leaves the one that is there.
func writeCursor(dir string, at place) error {
	text, err := json.Marshal(at)
	if err != nil {
		return err
	}
	path := cursorPath(dir)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the journal's folder
	if err != nil {
		return fmt.Errorf("noting what is published: %w", err)
	}
	if _, err = f.Write(text); err == nil {
		err = datasync(f)
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = errors.Join(os.Rename(path+".new", path), syncDir(dir))
	}
	if err != nil {
		return fmt.Errorf("noting what is published: %w", err)
	}
	return nil
}
