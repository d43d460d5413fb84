package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// book is what the registry knows; it is on disk before a change is answered.
type book struct {
	mu    sync.RWMutex
	path  string
	state state
	// lax: every schema is taken as compatible.
	lax bool
}

// state is the file's content. Schema ids are positions in Schemas plus one.
type state struct {
	Schemas  []string          `json:"schemas"`
	Subjects map[string][]int  `json:"subjects"` // schema ids, version 1 first
	Levels   map[string]string `json:"levels"`   // "" = the global level
	// Deleted are versions that are not listed any more; their ids stay good.
	Deleted map[string][]int `json:"deleted,omitempty"`
}

// refusal is an answer of the API with its HTTP status and error code.
type refusal struct {
	status, code int
	text         string
}

func (r *refusal) Error() string { return r.text }

func refuse(status, code int, format string, args ...any) *refusal {
	return &refusal{status, code, fmt.Sprintf(format, args...)}
}

func openBook(path string) (*book, error) {
	b := &book{path: path, state: state{Subjects: map[string][]int{}, Levels: map[string]string{"": "BACKWARD"}}}
	text, err := os.ReadFile(path) //nolint:gosec // a file below the operator's home
	if errors.Is(err, os.ErrNotExist) {
		return b, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &b.state)
	}
	if err != nil {
		return nil, fmt.Errorf("reading registered schemas: %w", err)
	}
	return b, nil
}

// change applies an edit to a copy, saves it, and only then makes it visible.
func (b *book) change(edit func(*state) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	next := state{Schemas: slices.Clone(b.state.Schemas), Subjects: maps.Clone(b.state.Subjects), Levels: maps.Clone(b.state.Levels), Deleted: maps.Clone(b.state.Deleted)}
	if err := edit(&next); err != nil {
		return err
	}
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encoding registered schemas: %w", err)
	}
	if err := replace(b.path, text); err != nil {
		return fmt.Errorf("saving registered schemas: %w", err)
	}
	b.state = next
	return nil
}

// replace swaps a file for one that is whole and on disk.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".schemas-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// register gives the id of a schema under a subject, adding it if it is new
// and compatible.
func (b *book) register(subject, text string) (int, error) {
	if err := valid(text); err != nil {
		return 0, err
	}
	id := 0
	err := b.change(func(s *state) error {
		same := s.same(text)
		for _, v := range s.live(subject) {
			if s.Subjects[subject][v-1] == same {
				id = same
				return nil
			}
		}
		if err := b.misfit(s.level(subject), text, s.texts(subject)); err != nil {
			return refuse(409, 409, "Schema being registered is incompatible with an earlier schema for subject %q: %v", subject, err)
		}
		if same == 0 {
			s.Schemas = append(s.Schemas, text)
			same = len(s.Schemas)
		}
		id = same
		s.Subjects[subject] = append(slices.Clone(s.Subjects[subject]), id)
		return nil
	})
	return id, err
}

// misfit says why a schema may not follow the earlier ones.
func (b *book) misfit(level, next string, earlier []string) error {
	if b.lax {
		return nil
	}
	return incompatible(level, next, earlier)
}

// same is the id of the stored schema that says the same in JSON, whatever
// its spaces and order of keys; 0 if there is none.
func (s *state) same(text string) int {
	want := normal(text)
	for i, have := range s.Schemas {
		if normal(have) == want {
			return i + 1
		}
	}
	return 0
}

// normal is one spelling for all texts of the same JSON value.
func normal(text string) string {
	var value any
	if json.Unmarshal([]byte(text), &value) != nil {
		return text // a bare type name
	}
	out, err := json.Marshal(value)
	if err != nil {
		return text
	}
	return string(out)
}

func (s *state) level(subject string) string {
	if l, ok := s.Levels[subject]; ok {
		return l
	}
	return s.Levels[""]
}

func (s *state) texts(subject string) []string {
	live := s.live(subject)
	out := make([]string, 0, len(live))
	for _, v := range live {
		out = append(out, s.Schemas[s.Subjects[subject][v-1]-1])
	}
	return out
}

// live are the versions of a subject that are not deleted, oldest first.
func (s *state) live(subject string) []int {
	var out []int
	for i := range s.Subjects[subject] {
		if !slices.Contains(s.Deleted[subject], i+1) {
			out = append(out, i+1)
		}
	}
	return out
}
