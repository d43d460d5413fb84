package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/internal/process"
)

// chosenFile lies with the copies once a table had moved on since the plan. It
// takes the place of the objects that the receipt has.
const chosenFile = "chosen.json"

// chosen is what is broken, by name: that of the plan, or what an injection
// has chosen since.
type chosen struct {
	Current string `json:"metadata_file"`      // the table's pointer when it was chosen
	Set     string `json:"moved_to,omitempty"` // where the pointer is moved to
	Parts   []part `json:"objects"`
}

// recall reads what an injection has chosen; where none has, the plan stands.
// Who writes it holds the claim: read without, it may be another a moment later.
func (w *work) recall() error {
	path := filepath.Join(w.copies, chosenFile)
	raw, err := os.ReadFile(path) //nolint:gosec // the receipt names it
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var c chosen
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err == nil && (c.Current == "" || len(c.Parts) == 0) {
		err = errors.New("it names no objects")
	}
	if err != nil {
		return fmt.Errorf("reading which objects are broken: %w; %s has their names: mend it, or the table by hand from the copies beside it", err, path)
	}
	w.chosen = c
	return nil
}

// replace puts c in the place of what was chosen before, of which nothing may
// be broken: on disk first, and then the copies that are of no more use go.
func (w *work) replace(c chosen) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := process.WriteFile(filepath.Join(w.copies, chosenFile), raw, 0o600); err != nil {
		return fmt.Errorf("writing which objects are to be broken: %w", err)
	}
	before := w.chosen
	w.chosen = c
	kept := map[object.Form]bool{}
	for _, p := range c.Parts {
		kept[p.Was] = true
	}
	for _, p := range before.Parts {
		if p.Was.Gone() || kept[p.Was] {
			continue
		}
		if err := os.Remove(w.copyOf(p.Was)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing a copy of what is not broken: %w", err)
		}
	}
	return nil
}
