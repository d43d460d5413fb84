package payload

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	lookupTimeout = 3 * time.Second  // of one schema with all that it refers to
	retryAfter    = 2 * time.Second  // a registry that did not answer is left alone as long
	absentFor     = 30 * time.Second // an id that nobody knew may be registered by then
	mostKept      = 4096             // schemas and absences
	mostReferred  = 256              // schemas that one refers to, in all
)

// schema is one that was read. Of avro and proto one is set, by its kind; none
// where broken says why it does not compile.
type schema struct {
	kind   sr.SchemaType
	text   string
	avro   *avroSchema
	proto  protoreflect.FileDescriptor
	broken error
}

// registries keeps what registries answered. An id never changes its meaning.
type registries struct {
	client *http.Client
	flight singleflight.Group

	mu   sync.Mutex
	kept map[string]answer
}

type answer struct {
	schema *schema
	err    error
	until  time.Time // zero: for ever
	tried  bool      // no record had the id
}

var (
	errNoRegistry = errors.New("no schema registry is known: start the proxy with one, or name it in the fault")
	errNoSchema   = errors.New("the registry does not know it")
)

// schema is that of a record.
func (c *Corrupter) schema(ctx context.Context, id int, url string) (*schema, error) {
	return c.schemaOf(ctx, id, url, false)
}

// tried is that of an id which no record has: what nobody knows by it may be
// registered at any moment, and the records come right after.
func (c *Corrupter) tried(ctx context.Context, id int, url string) (*schema, error) {
	return c.schemaOf(ctx, id, url, true)
}

func (c *Corrupter) schemaOf(ctx context.Context, id int, url string, tried bool) (*schema, error) {
	if url == "" {
		url = c.registry
	}
	if url == "" {
		return nil, fmt.Errorf("reading schema %d: %w", id, errNoRegistry)
	}
	s, err := c.books.schema(ctx, id, url, tried)
	if err != nil {
		return nil, fmt.Errorf("reading schema %d from %s: %w", id, url, err)
	}
	return s, nil
}

func (r *registries) schema(ctx context.Context, id int, url string, tried bool) (*schema, error) {
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
		s, _ := got.Val.(*schema)
		return s, got.Err
	}
}

func (r *registries) keep(key string, a answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) >= mostKept || r.kept == nil {
		r.kept = map[string]answer{} // ids that garbage made up are no reason to grow
	}
	r.kept[key] = a
}

func (r *registries) fetch(ctx context.Context, id int, url string) answer {
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	cl, err := sr.NewClient(sr.URLs(url), sr.HTTPClient(r.client))
	if err != nil {
		return answer{err: err, until: time.Now().Add(absentFor)}
	}
	text, err := cl.SchemaByID(ctx, id)
	var no *sr.ResponseError
	if errors.As(err, &no) && no.StatusCode == http.StatusNotFound {
		return answer{err: errNoSchema, until: time.Now().Add(absentFor)}
	}
	var referred []reference
	if err == nil {
		referred, err = references(ctx, cl, text)
	}
	if err != nil {
		return answer{err: err, until: time.Now().Add(retryAfter)}
	}
	return answer{schema: compile(ctx, text, referred)}
}

func compile(ctx context.Context, from sr.Schema, referred []reference) *schema {
	s := &schema{kind: from.Type, text: from.Schema}
	switch from.Type {
	case sr.TypeAvro:
		s.avro, s.broken = compileAvro(from.Schema, referred)
	case sr.TypeProtobuf:
		s.proto, s.broken = compileProtobuf(ctx, from.Schema, referred)
	case sr.TypeJSON:
	}
	return s
}

// reference is a schema that another refers to by name.
type reference struct{ name, text string }

// references reads all that s refers to, each behind what it refers to itself.
func references(ctx context.Context, cl *sr.Client, s sr.Schema) ([]reference, error) {
	var all []reference
	seen := map[string]bool{}
	var visit func(sr.Schema) error
	visit = func(s sr.Schema) error {
		for _, ref := range s.References {
			if seen[ref.Name] {
				continue
			}
			if seen[ref.Name] = true; len(seen) > mostReferred {
				return fmt.Errorf("it refers to more than %d others", mostReferred)
			}
			other, err := cl.SchemaByVersion(ctx, ref.Subject, ref.Version)
			if err != nil {
				return fmt.Errorf("reading what it calls %s, version %d of %s: %w", ref.Name, ref.Version, ref.Subject, err)
			}
			if err := visit(other.Schema); err != nil {
				return err
			}
			all = append(all, reference{ref.Name, other.Schema.Schema})
		}
		return nil
	}
	return all, visit(s)
}
