package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// judge decides what may be stored. Registry answers are kept: an id never
// changes its meaning.
type judge struct {
	registry *sr.Client
	codec    *trade.Codec
	readers  map[int]reader
}

// reader is how to read one schema id, or why that is impossible.
type reader struct {
	read  *trade.Reader
	cause error
}

func newJudge(registry string) (*judge, error) {
	cl, err := sr.NewClient(sr.URLs(service.URL(registry)), sr.HTTPClient(&http.Client{Timeout: 3 * time.Second}))
	if err != nil {
		return nil, fmt.Errorf("configuring the registry client: %w", err)
	}
	codec, err := trade.NewCodec()
	if err != nil {
		return nil, err
	}
	return &judge{registry: cl, codec: codec, readers: map[int]reader{}}, nil
}

// trade reads one value. A cause means that it can never be stored; an error,
// that nobody can tell now.
func (j *judge) trade(ctx context.Context, value []byte) (t trade.V2, cause, err error) {
	id, body, cause := trade.Unframe(value)
	if cause != nil {
		return trade.V2{}, cause, nil
	}
	r, err := j.reader(ctx, id)
	if err != nil {
		return trade.V2{}, nil, err
	}
	if r.cause != nil {
		return trade.V2{}, r.cause, nil
	}
	t, cause = r.read.Decode(body)
	if cause == nil {
		cause = t.Validate()
	}
	return t, cause, nil
}

func (j *judge) reader(ctx context.Context, id int) (reader, error) {
	if r, ok := j.readers[id]; ok {
		return r, nil
	}
	s, err := j.registry.SchemaByID(ctx, id)
	var no *sr.ResponseError
	if errors.As(err, &no) && no.StatusCode == http.StatusNotFound {
		// Not kept: the id may be registered a moment later.
		return reader{cause: fmt.Errorf("schema id %d is not registered", id)}, nil
	}
	if err != nil {
		return reader{}, fmt.Errorf("reading schema %d: %w", id, err)
	}
	var r reader
	r.read, r.cause = j.codec.Reader(s.Schema)
	j.readers[id] = r
	return r, nil
}
