// Package trade is the one record that the sandbox moves: TradeV2, its Avro
// schema and the Confluent framing. It knows no topic, registry or table.
package trade

import (
	_ "embed"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/twmb/avro"
	"github.com/twmb/franz-go/pkg/sr"
)

// Scale is the number of decimals of a price or quantity.
const Scale = 8

//go:embed trade_v2.avsc
var schemaText string

// SchemaText is the Avro schema of V2 as it is registered.
func SchemaText() string { return schemaText }

// V2 is one execution as it travels. Price and quantity are positive in a
// valid trade; Decode does not check that, Validate does.
type V2 struct {
	MessageID          string            `avro:"message_id"`
	TradeID            string            `avro:"trade_id"`
	Symbol             string            `avro:"symbol"`
	Exchange           string            `avro:"exchange"`
	AssetClass         string            `avro:"asset_class"`
	Timestamp          time.Time         `avro:"timestamp"`
	Price              *big.Rat          `avro:"price"`
	Quantity           *big.Rat          `avro:"quantity"`
	Currency           string            `avro:"currency"`
	Side               string            `avro:"side"`
	TradeConditions    []string          `avro:"trade_conditions"`
	SourceSequence     *int64            `avro:"source_sequence"`
	IngestionTimestamp time.Time         `avro:"ingestion_timestamp"`
	PlatformSequence   *int64            `avro:"platform_sequence"`
	VendorData         map[string]string `avro:"vendor_data"`
}

// Validate says why the trade may not be stored; nil means that it may.
func (t V2) Validate() error {
	var problems []error
	if t.TradeID == "" {
		problems = append(problems, errors.New("trade_id is empty"))
	}
	if t.Symbol == "" {
		problems = append(problems, errors.New("symbol is empty"))
	}
	if t.Price == nil || t.Price.Sign() <= 0 {
		problems = append(problems, errors.New("price is not positive"))
	}
	if t.Quantity == nil || t.Quantity.Sign() <= 0 {
		problems = append(problems, errors.New("quantity is not positive"))
	}
	return errors.Join(problems...)
}

// Decimal turns an amount in units of 10^-8 into a rational number.
func Decimal(unscaled int64) *big.Rat { return big.NewRat(unscaled, 100_000_000) }

// Unscaled turns a rational number into units of 10^-8; digits beyond them,
// which the schema cannot carry, are cut.
func Unscaled(r *big.Rat) *big.Int {
	n := new(big.Int).Mul(r.Num(), big.NewInt(100_000_000))
	return n.Quo(n, r.Denom())
}

// Codec writes and reads V2 in Confluent framing. It is safe for concurrent use.
type Codec struct{ schema *avro.Schema }

// NewCodec parses the schema of V2.
func NewCodec() (*Codec, error) {
	s, err := avro.Parse(schemaText)
	if err != nil {
		return nil, fmt.Errorf("parsing the schema of TradeV2: %w", err)
	}
	return &Codec{schema: s}, nil
}

// Encode frames a trade with the registered schema id.
func (c *Codec) Encode(id int, t V2) ([]byte, error) {
	var header sr.ConfluentHeader
	framed, err := header.AppendEncode(make([]byte, 0, 256), id, nil)
	if err != nil {
		return nil, fmt.Errorf("framing trade %s: %w", t.TradeID, err)
	}
	framed, err = c.schema.AppendEncode(framed, &t)
	if err != nil {
		return nil, fmt.Errorf("encoding trade %s: %w", t.TradeID, err)
	}
	return framed, nil
}

// Reader resolves a writer's schema text to V2. The error says that no V2 can
// ever be read from that writer.
func (c *Codec) Reader(writer string) (*Reader, error) {
	w, err := avro.Parse(writer)
	if err != nil {
		return nil, fmt.Errorf("parsing the writer's schema: %w", err)
	}
	resolved, err := avro.Resolve(w, c.schema)
	if err != nil {
		return nil, fmt.Errorf("resolving the writer's schema to TradeV2: %w", err)
	}
	return &Reader{schema: resolved}, nil
}

// Reader reads V2 from bodies that one writer schema describes.
type Reader struct{ schema *avro.Schema }

// Decode reads one Avro body without its frame. Bytes left over are an error.
func (r *Reader) Decode(body []byte) (V2, error) {
	var t V2
	rest, err := r.schema.Decode(body, &t)
	if err != nil {
		return V2{}, fmt.Errorf("decoding a trade: %w", err)
	}
	if len(rest) > 0 {
		return V2{}, fmt.Errorf("decoding a trade: %d bytes left over", len(rest))
	}
	return t, nil
}

// Unframe splits a Confluent frame into schema id and Avro body.
func Unframe(value []byte) (id int, body []byte, err error) {
	var header sr.ConfluentHeader
	id, body, err = header.DecodeID(value)
	if err != nil {
		return 0, nil, fmt.Errorf("reading the Confluent frame: %w", err)
	}
	return id, body, nil
}
