// Package object reads the objects of a lake and swaps one form of an object
// for another, on local files and on S3. It knows no Iceberg.
package object

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/k2-platform/faultline/spec"
)

// What became of a request for an object.
var (
	ErrNone    = errors.New("no such object")
	ErrChanged = errors.New("it is another object now")
	ErrDenied  = errors.New("the store does not allow it")
)

// Form is what is at a location: content with this hash, or nothing. The
// zero value is nothing.
type Form struct {
	SHA256 string `json:"sha256,omitempty"` // hex; "" = nothing is there
	Size   int64  `json:"size"`             // bytes
}

// Gone says that nothing is there.
func (f Form) Gone() bool { return f.SHA256 == "" }

// Content is a form that can be written. Open is called once for each
// attempt, and not at all for a form that is Gone.
type Content struct {
	Form
	Open    func() (io.ReadCloser, error)
	Headers map[string]string // of the object in its store; a file has none
}

// Info is what a store says of an object.
type Info struct {
	Size    int64
	Headers map[string]string // those that an object is written with
	tag     string            // of this very content
}

// Store holds objects. It is safe for concurrent use.
type Store interface {
	// Read opens an object; ErrNone, ErrDenied.
	Read(ctx context.Context, location string) (io.ReadCloser, Info, error)
	// Swap puts to where from is, in one step: a reader sees the one or the other.
	// from need only be opened where to is Gone.
	// Where to is already it does nothing; where anything else is it gives
	// ErrChanged and leaves that alone, as it does when somebody writes at the same
	// time. ErrNone says that there is nowhere to write: folder or bucket are gone.
	Swap(ctx context.Context, location string, from, to Content) error
	// Nowhere says that there is nowhere to write, where that can be seen: the
	// folder of a file is gone, and with it the table.
	Nowhere(location string) bool
	// Sweep removes what a Swap left that was cut short. None may be under way at
	// these locations.
	Sweep(ctx context.Context, locations []string) error
	// Close ends its connections.
	Close()
}

// Of is the store that has a location. Its name is that of the one who swaps:
// what it leaves when it is cut short is found by it.
func Of(location, name string, s spec.ObjectStore) (Store, error) {
	scheme, _, remote := strings.Cut(location, "://")
	switch {
	case !remote, scheme == "file":
		return local{name}, nil
	case scheme == "s3", scheme == "s3a", scheme == "s3n":
		return newS3(s)
	}
	return nil, fmt.Errorf("opening %s: a store %q is not known; local files and s3:// are", location, scheme)
}

// Look reads an object to its end and says its form; one that is not there is
// Gone, and no error.
func Look(ctx context.Context, s Store, location string) (Form, Info, error) {
	r, info, err := s.Read(ctx, location)
	if errors.Is(err, ErrNone) {
		return Form{}, Info{}, nil
	}
	if err != nil {
		return Form{}, Info{}, err
	}
	f, err := Measure(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return Form{}, Info{}, fmt.Errorf("reading %s: %w", location, err)
	}
	return f, info, nil
}

// Load is the content of a small object.
func Load(ctx context.Context, s Store, location string, most int64) ([]byte, error) {
	r, info, err := s.Read(ctx, location)
	if err != nil {
		return nil, err
	}
	if info.Size > most {
		return nil, errors.Join(fmt.Errorf("reading %s: %d bytes are more than %d", location, info.Size, most), r.Close())
	}
	all, err := io.ReadAll(io.LimitReader(r, most))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("reading %s: %w", location, err)
	}
	return all, nil
}

// Measure reads to the end.
func Measure(r io.Reader) (Form, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return Form{hex.EncodeToString(h.Sum(nil)), n}, err
}
