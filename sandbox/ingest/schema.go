package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// subject is where the registry keeps the schemas of the trades.
const subject = broker.Topic + "-value"

// register asks until the registry answers, unless it refuses the schema.
func (p *player) register(ctx context.Context) error {
	for {
		s, err := p.registry.CreateSchema(ctx, subject, sr.Schema{Schema: trade.SchemaText(), Type: sr.TypeAvro})
		if err == nil {
			p.schema.Store(int64(s.ID))
			return nil
		}
		var no *sr.ResponseError
		if errors.As(err, &no) && no.StatusCode < 500 {
			return fmt.Errorf("registering TradeV2: %w", err)
		}
		slog.WarnContext(ctx, "registry does not answer, asking again", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// newer is the latest schema of the trades, where it can be written next to
// the service's own: readers of either can read both. Else it is a
// schemaError. Any other error means that the registry cannot tell.
func (p *player) newer(ctx context.Context) (id int, schema *avro.Schema, err error) {
	latest, err := p.registry.SchemaByVersion(ctx, subject, -1)
	if err != nil {
		return 0, nil, fmt.Errorf("asking for the latest schema of %s: %w", subject, err)
	}
	next, err := avro.Parse(latest.Schema.Schema)
	if err != nil {
		return 0, nil, schemaError{fmt.Errorf("reading version %d of the schema: %w", latest.Version, err)}
	}
	own, err := avro.Parse(trade.SchemaText())
	if err != nil {
		return 0, nil, fmt.Errorf("parsing the schema of TradeV2: %w", err)
	}
	if err := errors.Join(avro.CheckCompatibility(own, next), avro.CheckCompatibility(next, own)); err != nil {
		return 0, nil, schemaError{fmt.Errorf("version %d of the schema does not go with what is stored: %w", latest.Version, err)}
	}
	return latest.ID, next, nil
}

// schemaError says that a trade does not fit any schema it could be written by.
type schemaError struct{ error }

func (e schemaError) Unwrap() error { return e.error }
