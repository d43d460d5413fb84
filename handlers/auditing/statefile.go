package auditing

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/projections/audit"
)

// StateFile keeps how far an audit is, in one file.
type StateFile string

var _ audit.Store = StateFile("")

// Load implements audit.Store. A file that cannot be understood is as none.
func (f StateFile) Load() (audit.State, bool, error) {
	file, err := os.Open(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return audit.State{}, false, nil
	}
	if err != nil {
		return audit.State{}, false, err
	}
	var s audit.State
	broken := gob.NewDecoder(file).Decode(&s)
	return s, broken == nil, file.Close()
}

// Save implements audit.Store.
func (f StateFile) Save(s audit.State) error {
	return process.ReplaceFile(string(f), 0o600, func(w io.Writer) error { return gob.NewEncoder(w).Encode(s) })
}

// Clear implements audit.Store.
func (f StateFile) Clear() error {
	if err := os.Remove(string(f)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Spare is a store that an audit can do without: what it refuses is told, and the
// audit goes on.
type Spare struct {
	Store audit.Store
	Told  func(error)
}

var _ audit.Store = Spare{}

// Load implements audit.Store.
func (s Spare) Load() (audit.State, bool, error) {
	state, ok, err := s.Store.Load()
	s.tell(err)
	return state, ok && err == nil, nil
}

// Save implements audit.Store.
func (s Spare) Save(state audit.State) error {
	s.tell(s.Store.Save(state))
	return nil
}

// Clear implements audit.Store.
func (s Spare) Clear() error {
	s.tell(s.Store.Clear())
	return nil
}

func (s Spare) tell(err error) {
	if err != nil {
		s.Told(err)
	}
}

// MarkFile keeps up to where books are closed, in one file.
type MarkFile string

var _ Marks = MarkFile("")

// Load implements Marks.
func (f MarkFile) Load() (Mark, bool, error) {
	text, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return Mark{}, false, nil
	}
	var m Mark
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return Mark{}, false, fmt.Errorf("reading %s: %w; remove it to begin anew", string(f), err)
	}
	return m, true, nil
}

// Save implements Marks.
func (f MarkFile) Save(m Mark) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return process.WriteFile(string(f), text, 0o600)
}
