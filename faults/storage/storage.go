// Package storage damages what an Iceberg table is made of: its metadata, its
// manifests, its data files, or the pointer to its current version. What was
// there is on the agent's own disk before anything is broken.
package storage

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// Kind is the name that documents use.
const Kind = "storage.corrupt"

// The parameters.
const (
	paramWhat  = "what"
	paramHow   = "how"
	paramFiles = "files"
	paramSeed  = "seed"
)

// What can be broken.
const (
	metadata     = "metadata"
	manifestList = "manifest_list"
	manifest     = "manifest"
	data         = "data"
	pointer      = "pointer"
)

// How it is broken: objects by the first three, the pointer by the others.
const (
	truncate = "truncate"
	flip     = "flip"
	remove   = "remove"
	old      = "old"
	orphan   = "orphan"
)

const mostFiles = 1000

// Driver damages tables. Copies of what it breaks lie below Dir, each fault's
// in a folder of its own that its receipt names and its Rollback removes.
type Driver struct {
	Dir  string       // "" = the system's folder for temporary files, which a reboot may empty
	Lake spec.Catalog // of tables that name no catalog
	// Commit is how long a commit may be under way that has read the table before
	// it was broken, and that an injection waits for: 0 is DefaultCommit.
	Commit time.Duration
}

// DefaultCommit is what a sink needs for a commit, several times over.
const DefaultCommit = 200 * time.Millisecond

var _ faults.Driver = Driver{}

// Describe tells people about the fault.
func Describe() faults.Kind {
	return faults.Kind{
		Name: Kind, Risk: faults.Dangerous, Breaks: []spec.TargetKind{spec.TableKind},
		Summary: "damages files of an Iceberg table, or moves its pointer, and puts back what was there from a verified copy",
		Parameters: []faults.Parameter{
			{Name: paramWhat, Default: metadata, Summary: "metadata, manifest_list, manifest, data or pointer", Check: oneOf(metadata, manifestList, manifest, data, pointer)},
			{Name: paramHow, Default: truncate + "; a pointer: " + old, Summary: "truncate, flip or remove; of a pointer: old or orphan", Check: oneOf(truncate, flip, remove, old, orphan)},
			{Name: paramFiles, Default: "1", Summary: "how many objects", Check: number(1, mostFiles)},
			{Name: paramSeed, Default: "1", Summary: "which objects and bytes: the same seed takes the same", Check: number(0, 1<<31-1)},
		},
		Together: together,
	}
}

func oneOf(values ...string) func(string) error {
	return func(value string) error {
		if slices.Contains(values, value) {
			return nil
		}
		return fmt.Errorf("%q is none of them: write one of %v", value, values)
	}
}

func number(least, most int) func(string) error {
	return func(value string) error {
		if n, err := strconv.Atoi(value); err != nil || n < least || n > most {
			return fmt.Errorf("%q: write a whole number from %d to %d", value, least, most)
		}
		return nil
	}
}

// asked is what a document asks for, with its defaults.
type asked struct {
	what, how string
	files     int
	seed      uint64
}

func askedBy(with map[string]string) asked {
	a := asked{what: metadata, how: truncate, files: 1, seed: 1}
	if what, ok := with[paramWhat]; ok {
		a.what = what
	}
	if a.what == pointer {
		a.how = old
	}
	if how, ok := with[paramHow]; ok {
		a.how = how
	}
	if n, err := strconv.Atoi(with[paramFiles]); err == nil {
		a.files = n
	}
	if n, err := strconv.ParseUint(with[paramSeed], 10, 32); err == nil {
		a.seed = n
	}
	return a
}

func together(with map[string]string) error {
	a := askedBy(with)
	moves := a.how == old || a.how == orphan
	switch {
	case a.what == pointer && !moves:
		return fmt.Errorf("a pointer is not broken by %s: write how: old or orphan", a.how)
	case a.what != pointer && moves:
		return fmt.Errorf("%s is for a pointer: write how: truncate, flip or remove", a.how)
	case a.what == pointer && a.files > 1:
		return fmt.Errorf("a table has one pointer: remove files")
	}
	return nil
}

// Probe reads the objects, or the pointer, and says whether what Faultline
// wrote is there, or what was lost by it.
func (d Driver) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	p, err := d.probe(ctx, r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return p, nil
}

func (Driver) probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	w, err := open(ctx, r)
	if err != nil {
		return faults.Unseen, err
	}
	defer w.close()
	if err := w.recall(); err != nil {
		return faults.Unseen, err
	}
	broken, err := w.broken(ctx)
	switch {
	case err != nil:
		return faults.Unseen, err
	case broken > 0:
		return faults.Present, nil
	}
	return faults.Absent, nil
}
