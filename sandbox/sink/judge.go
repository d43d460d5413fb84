package sink

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// judge decides what may be stored. Registry answers are kept: an id never
// changes its meaning.
type judge struct {
	registry *sr.Client
	codec    *trade.Codec
	readers  map[int]reader
	band     band
	defects  defect.Set
}

// reader is how to read one schema id, or why that is impossible.
type reader struct {
	read  *trade.Reader
	cause error
}

func newJudge(registry string, defects defect.Set) (*judge, error) {
	cl, err := sr.NewClient(sr.URLs(service.URL(registry)), sr.HTTPClient(&http.Client{Timeout: 3 * time.Second}))
	if err != nil {
		return nil, fmt.Errorf("configuring the registry client: %w", err)
	}
	codec, err := trade.NewCodec()
	if err != nil {
		return nil, err
	}
	return &judge{registry: cl, codec: codec, readers: map[int]reader{}, defects: defects}, nil
}

// trade reads one record. A rejection means that it can never be stored; an
// error, that nobody can tell now.
func (j *judge) trade(ctx context.Context, r *kgo.Record) (trade.V2, *rejection, error) {
	changed := j.digest(r)
	if changed != nil && !j.defects.Has(defect.DropUndecodable) { // with that one, what cannot be read is not looked at further
		return trade.V2{}, reject(digestMismatch, changed), nil
	}
	id, body, wrong := trade.Unframe(r.Value)
	if wrong != nil {
		return trade.V2{}, reject(undecodable, wrong), nil
	}
	from, err := j.reader(ctx, id)
	if err != nil {
		return trade.V2{}, nil, err
	}
	if from.cause != nil {
		return trade.V2{}, reject(unknownSchema, from.cause), nil //nolint:nilerr // the record is at fault, not the reading of it
	}
	t, wrong := from.read.Decode(body)
	if wrong != nil {
		return trade.V2{}, reject(undecodable, wrong), nil
	}
	if changed != nil {
		return trade.V2{}, reject(digestMismatch, changed), nil
	}
	return t, j.content(t), nil
}

// digest compares what came with what was sent, where the producer said.
func (j *judge) digest(r *kgo.Record) error {
	if j.defects.Has(defect.NoDigest) || j.defects.Has(defect.NoValidation) {
		return nil
	}
	for _, h := range r.Headers {
		if h.Key != trade.DigestHeader {
			continue
		}
		if have := trade.Digest(r.Value); string(h.Value) != have {
			return fmt.Errorf("the value's digest is %s, its producer's %s", have, h.Value)
		}
	}
	return nil
}

// content judges what a trade says.
func (j *judge) content(t trade.V2) *rejection {
	if err := t.Validate(); err != nil {
		return reject(invalid, err)
	}
	if j.defects.Has(defect.NoValidation) {
		return nil
	}
	defer j.band.see(t)
	if err := j.band.check(t); err != nil {
		return reject(outOfBand, err)
	}
	if err := tick(t); err != nil {
		return reject(badTick, err)
	}
	return nil
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
