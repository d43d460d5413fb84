package confluent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"golang.org/x/sync/singleflight"
)

const (
	lookupTimeout = 3 * time.Second  // of one schema with all that it refers to
	retryAfter    = 2 * time.Second  // a registry that did not answer is left alone as long
	absentFor     = 30 * time.Second // an id that nobody knew may be registered by then
	mostKept      = 4096             // schemas and absences
)

var (
	// ErrNoSchema says that a registry answered, and does not know the schema.
	ErrNoSchema = errors.New("the registry does not know it")
	// ErrAway says that a registry did not answer as one: what it knows is not known.
	ErrAway = errors.New("the registry gives no answer")
)

// Registries keeps what registries answered. An id never changes its meaning.
// It is safe for concurrent use; make one with NewRegistries.
type Registries struct {
	client *http.Client
	flight singleflight.Group

	mu   sync.Mutex
	kept map[string]answer
}

type answer struct {
	schema *Schema
	err    error
	until  time.Time // zero: for ever
	tried  bool      // no record had the id
}

// NewRegistries asks registries by the client; nil is http.DefaultClient.
func NewRegistries(client *http.Client) *Registries {
	if client == nil {
		client = http.DefaultClient
	}
	return &Registries{client: client}
}

// Schema gives the schema of an id with all that it refers to, as the registry
// at url has it: ErrNoSchema, ErrAway, or that ctx ended. It takes 3 s at the
// longest. A schema is kept for ever, that one was not known for 30 s, that the
// registry is away for 2 s.
func (r *Registries) Schema(ctx context.Context, id int, url string) (*Schema, error) {
	return r.schema(ctx, id, url, false)
}

// Tried is as Schema, of an id which no record has. What nobody knows by it may
// be registered at any moment, and the records come right after: Schema asks
// again.
func (r *Registries) Tried(ctx context.Context, id int, url string) (*Schema, error) {
	return r.schema(ctx, id, url, true)
}

func (r *Registries) schema(ctx context.Context, id int, url string, tried bool) (*Schema, error) {
	key := url + " " + strconv.Itoa(id)
	r.mu.Lock()
	a, ok := r.kept[key]
	r.mu.Unlock()
	if ok && (a.until.IsZero() || time.Now().Before(a.until) && (tried || !a.tried)) {
		return a.schema, a.err
	}
	// One that leaves does not end the look-up of the others that wait for it.
	found := r.flight.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
		defer cancel()
		a := r.fetch(ctx, id, url)
		a.tried = tried
		r.keep(key, a)
		return a.schema, a.err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-found:
		s, _ := got.Val.(*Schema)
		return s, got.Err
	}
}

func (r *Registries) keep(key string, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) >= mostKept || r.kept == nil {
		r.kept = map[string]answer{} // ids that garbage made up are no reason to grow
	}
	r.kept[key] = a
}

func (r *Registries) fetch(ctx context.Context, id int, url string) answer {
	cl, err := r.open(url)
	if err != nil {
		return answer{err: err, until: time.Now().Add(absentFor)}
	}
	text, err := cl.SchemaByID(ctx, id)
	if unknown(err) {
		return answer{err: ErrNoSchema, until: time.Now().Add(absentFor)}
	}
	var s *Schema
	if err == nil {
		s, err = whole(ctx, cl, id, text)
	}
	if err != nil {
		return answer{err: fmt.Errorf("%w: %w", ErrAway, err), until: time.Now().Add(retryAfter)}
	}
	return answer{schema: s}
}

// Latest gives the newest schema of a subject, as the registry at url has it
// now: ErrNoSchema, ErrAway. It takes 3 s at the longest, and is not kept.
func (r *Registries) Latest(ctx context.Context, subject, url string) (*Schema, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	cl, err := r.open(url)
	if err != nil {
		return nil, err
	}
	const newest = -1
	found, err := cl.SchemaByVersion(ctx, subject, newest)
	if unknown(err) {
		return nil, ErrNoSchema
	}
	var s *Schema
	if err == nil {
		s, err = whole(ctx, cl, found.ID, found.Schema)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	return s, nil
}

// Versions are the ids of a subject's schemas, the newest last, as the registry
// at url has them now: ErrNoSchema, ErrAway. It takes 3 s at the longest.
func (r *Registries) Versions(ctx context.Context, subject, url string) ([]int32, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	cl, err := r.open(url)
	if err != nil {
		return nil, err
	}
	all, err := cl.Schemas(ctx, subject)
	if unknown(err) {
		return nil, ErrNoSchema
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	slices.SortFunc(all, func(a, b sr.SubjectSchema) int { return cmp.Compare(a.Version, b.Version) })
	out := make([]int32, len(all))
	for i, s := range all {
		out[i] = int32(s.ID) //nolint:gosec // its 32 bits
	}
	return out, nil
}

// Subjects lists the subjects of the registry at url: ErrAway.
func (r *Registries) Subjects(ctx context.Context, url string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	cl, err := r.open(url)
	if err != nil {
		return nil, err
	}
	names, err := cl.Subjects(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	return names, nil
}

func (r *Registries) open(url string) (*sr.Client, error) {
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	return sr.NewClient(sr.URLs(url), sr.HTTPClient(r.client))
}

func unknown(err error) bool {
	var no *sr.ResponseError
	return errors.As(err, &no) && no.StatusCode == http.StatusNotFound
}

// Registry is one of the registries.
type Registry struct {
	of  *Registries
	url string
}

// At is the registry at url.
func (r *Registries) At(url string) Registry { return Registry{r, url} }

// Versions is that of Registries.
func (r Registry) Versions(ctx context.Context, subject string) ([]int32, error) {
	return r.of.Versions(ctx, subject, r.url)
}

// Schema is that of Registries.
func (r Registry) Schema(ctx context.Context, id int) (*Schema, error) {
	return r.of.Schema(ctx, id, r.url)
}
