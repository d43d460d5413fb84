package cut

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/k2-platform/faultline/internal/process"
)

// noted is one cut of a limit, in a file of its own before it is made and
// struck out after it is mended: whatever Faultline has set is noted, whoever dies.
type noted[V comparable] struct {
	Was V `json:"was"` // before the first of those that are there at a time
	To  V `json:"to"`
	// Beside are the others that were there: who made this one may have set
	// theirs just as they went.
	Beside []V `json:"beside,omitempty"`
}

// cuts are those of one limit that are there at a time, by file. The least
// counts, and the last to go puts back what was before the first.
type cuts[V comparable] map[string]noted[V]

// due is what the limit has to be, where it was that before.
func (c cuts[V]) due(l Limit[V], was V) V {
	out := was
	for _, one := range c {
		out = l.Least(out, one.To)
	}
	return out
}

// ours says that the limit is one that Faultline found or set: what somebody
// else has set since is not Faultline's to change.
func (c cuts[V]) ours(now V) bool {
	for _, one := range c {
		if now == one.Was || now == one.To || slices.Contains(one.Beside, now) {
			return true
		}
	}
	return false
}

// without are the others.
func (c cuts[V]) without(file string) cuts[V] {
	out := maps.Clone(c)
	delete(out, file)
	return out
}

// made is the cut of a file that is not there yet, beside those that are.
func (c cuts[V]) made(was, to V) noted[V] {
	out := noted[V]{Was: was, To: to}
	for _, one := range c {
		out.Was, out.Beside = one.Was, append(out.Beside, one.To)
	}
	return out
}

const noteSuffix = ".json"

// readCuts reads all that are noted beside one, and that one.
func readCuts[V comparable](file string) (cuts[V], error) {
	files, err := filepath.Glob(groupOfNote(file) + "*" + noteSuffix)
	if err != nil {
		return nil, fmt.Errorf("looking for the cuts of a limit: %w", err)
	}
	out := cuts[V]{}
	for _, f := range files {
		text, err := os.ReadFile(f) //nolint:gosec // beside the file that the receipt names
		if errors.Is(err, os.ErrNotExist) {
			continue // struck out meanwhile
		}
		var one noted[V]
		if err == nil {
			err = json.Unmarshal(text, &one)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the cut of a limit in %s: %w", f, err)
		}
		out[f] = one
	}
	return out, nil
}

func (c noted[V]) write(file string) error {
	raw, err := json.Marshal(c)
	if err == nil {
		err = process.WriteFile(file, append(raw, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("noting the cut of a limit: %w", err)
	}
	return nil
}

func strikeOut(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("striking out the cut of a limit: %w", err)
	}
	return nil
}
