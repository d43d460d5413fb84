package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/sandbox/trade"
)

// posted is a trade that came over HTTP. Symbol, price and quantity must be
// there; what else of TradeV2 is missing gets what the feed's trades have. A
// field that TradeV2 does not know is new.
type posted struct {
	v    trade.V2
	high bool
	new  map[string]any
}

func readPosted(body io.Reader) (posted, error) {
	var fields map[string]json.RawMessage
	if err := json.NewDecoder(body).Decode(&fields); err != nil {
		return posted{}, schemaError{fmt.Errorf("reading a trade: %w; send one JSON object", err)}
	}
	now := time.Now().UTC()
	t := trade.V2{
		MessageID: uuid.NewString(), TradeID: "API-" + uuid.NewString(), Exchange: "ASX", AssetClass: "equities", Timestamp: now,
		Currency: "AUD", Side: "UNKNOWN", TradeConditions: []string{}, IngestionTimestamp: now,
	}
	out := posted{new: map[string]any{}}
	var price, quantity Amount
	var level Priority
	known := map[string]any{
		"message_id": &t.MessageID, "trade_id": &t.TradeID, "symbol": &t.Symbol, "exchange": &t.Exchange, "asset_class": &t.AssetClass,
		"timestamp": &t.Timestamp, "price": &price, "quantity": &quantity, "currency": &t.Currency, "side": &t.Side,
		"trade_conditions": &t.TradeConditions, "source_sequence": &t.SourceSequence, "vendor_data": &t.VendorData, "priority": &level,
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		to, ok := known[name]
		if !ok {
			value, err := plain(fields[name])
			if err != nil {
				return posted{}, schemaError{fmt.Errorf("reading field %s: %w", name, err)}
			}
			out.new[name] = value
			continue
		}
		if err := json.Unmarshal(fields[name], to); err != nil {
			return posted{}, schemaError{fmt.Errorf("reading field %s: %w", name, err)}
		}
	}
	t.Price, t.Quantity = trade.Decimal(int64(price)), trade.Decimal(int64(quantity))
	out.v, out.high = t, level == High
	switch {
	case t.TradeID == "" || t.Symbol == "" || fields["price"] == nil || fields["quantity"] == nil:
		return posted{}, schemaError{errors.New("reading a trade: symbol, price and quantity must be set, and trade_id not empty")}
	case level != "" && level != High && level != Normal:
		return posted{}, schemaError{fmt.Errorf("reading field priority: %q; write high or normal", level)}
	}
	return out, nil
}

// plain reads a JSON value; a whole number is an int64.
func plain(text json.RawMessage) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	n, ok := value.(json.Number)
	if !ok {
		return value, nil
	}
	if whole, err := n.Int64(); err == nil {
		return whole, nil
	}
	return n.Float64()
}

func (in posted) receipt() Receipt {
	return Receipt{
		TradeID: in.v.TradeID, Symbol: in.v.Symbol, Posted: true,
		Price: Amount(trade.Unscaled(in.v.Price).Int64()), Quantity: Amount(trade.Unscaled(in.v.Quantity).Int64()),
	}
}

func (in posted) priority(c Config) Priority {
	if in.high {
		return High
	}
	return c.priority(in.v.Symbol)
}

// encoder finds the schema that the trade is written by: the service's own, or
// the latest where it has new fields. It tries, so that a trade is refused
// before it is taken.
func (p *player) encoder(ctx context.Context, in posted) (func(seq int64) ([]byte, error), error) {
	encode := func(seq int64) ([]byte, error) {
		v := in.v
		v.PlatformSequence = &seq
		return p.codec.Encode(int(p.schema.Load()), v)
	}
	if len(in.new) > 0 {
		id, latest, err := p.newer(ctx)
		if err != nil {
			return nil, err
		}
		if err := in.knownTo(latest); err != nil {
			return nil, schemaError{err}
		}
		encode = func(seq int64) ([]byte, error) { return in.encode(id, latest, seq) }
	}
	if _, err := encode(0); err != nil {
		return nil, schemaError{err}
	}
	return encode, nil
}

// knownTo says which new field a schema does not have.
func (in posted) knownTo(s *avro.Schema) error {
	fields := s.Root().Fields
	for _, name := range slices.Sorted(maps.Keys(in.new)) {
		if !slices.ContainsFunc(fields, func(f avro.SchemaField) bool { return f.Name == name }) {
			return fmt.Errorf("the latest schema of %s has no field %s; register a version with it first", subject, name)
		}
	}
	return nil
}

// encode writes the trade with its new fields.
func (in posted) encode(id int, s *avro.Schema, seq int64) ([]byte, error) {
	var header sr.ConfluentHeader
	framed, err := header.AppendEncode(nil, id, nil)
	if err != nil {
		return nil, fmt.Errorf("framing trade %s: %w", in.v.TradeID, err)
	}
	t := in.v
	all := map[string]any{
		"message_id": t.MessageID, "trade_id": t.TradeID, "symbol": t.Symbol, "exchange": t.Exchange, "asset_class": t.AssetClass,
		"timestamp": t.Timestamp, "price": t.Price, "quantity": t.Quantity, "currency": t.Currency, "side": t.Side,
		"trade_conditions": t.TradeConditions, "source_sequence": nil, "ingestion_timestamp": t.IngestionTimestamp,
		"platform_sequence": seq, "vendor_data": nil,
	}
	if t.SourceSequence != nil {
		all["source_sequence"] = *t.SourceSequence
	}
	if t.VendorData != nil {
		all["vendor_data"] = t.VendorData
	}
	maps.Copy(all, in.new)
	framed, err = s.AppendEncode(framed, all)
	if err != nil {
		return nil, fmt.Errorf("encoding trade %s: %w", in.v.TradeID, err)
	}
	return framed, nil
}
