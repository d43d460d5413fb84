package payload

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// Confluent's framing: a zero byte, the id of the schema (big-endian, 32 bits),
// for Protobuf the place of the message in its file, and the body.
//
// Source: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
const frameSize = 5

func framed(value []byte) bool { return len(value) >= frameSize && value[0] == 0 }

var errNoFrame = errors.New("it is not in Confluent's framing: it does not begin with a zero byte and a schema id")

// read takes the frame off and reads what is behind it.
func (c *Corrupter) read(ctx context.Context, value []byte, how rule.Corrupt) (frame []byte, doc document, err error) {
	switch how.Format {
	case rule.Raw:
		return nil, nil, errors.New("format raw has no fields: ask for bit_flip, truncate or null_value, or name the format")
	case rule.JSON:
		return readJSON(value)
	case rule.Avro, rule.Protobuf:
		return c.readFramed(ctx, value, how)
	case rule.Auto:
	}
	if !framed(value) {
		if !validJSON(value) {
			return nil, nil, fmt.Errorf("%w, and it is no JSON", errNoFrame)
		}
		return nil, jsonText(value), nil
	}
	frame, doc, err = c.readFramed(ctx, value, how)
	if err != nil && validJSON(value[frameSize:]) { // Avro and Protobuf are not, but for one in very many
		return readJSON(value)
	}
	return frame, doc, err
}

func readJSON(value []byte) (frame []byte, doc document, err error) {
	if framed(value) {
		frame, value = value[:frameSize], value[frameSize:]
	}
	if !validJSON(value) {
		return nil, nil, errors.New("it is no JSON")
	}
	return frame, jsonText(value), nil
}

func (c *Corrupter) readFramed(ctx context.Context, value []byte, how rule.Corrupt) (frame []byte, doc document, err error) {
	if !framed(value) {
		return nil, nil, errNoFrame
	}
	id := int(binary.BigEndian.Uint32(value[1:]))
	s, err := c.schema(ctx, id, how.Registry)
	if err != nil {
		return nil, nil, err
	}
	if s.broken != nil {
		return nil, nil, fmt.Errorf("compiling schema %d (%s): %w", id, s.kind, s.broken)
	}
	switch {
	case s.kind == sr.TypeAvro && how.Format != rule.Protobuf:
		doc, err = s.avro.read(value[frameSize:])
		return value[:frameSize], doc, err
	case s.kind == sr.TypeProtobuf && how.Format != rule.Avro:
		return readProtobuf(value, s.proto)
	case s.kind == sr.TypeJSON && how.Format == rule.Auto:
		return readJSON(value)
	}
	return nil, nil, fmt.Errorf("schema %d is %s: ask for that format", id, s.kind)
}

// wrongID puts another id into the frame: the nearest that the registry knows
// (up to eight above and below are asked for) and that has another text, else
// the next one, which nobody knows.
func (c *Corrupter) wrongID(ctx context.Context, value []byte, how rule.Corrupt) ([]byte, error) {
	if !framed(value) {
		return nil, errNoFrame
	}
	id := int(binary.BigEndian.Uint32(value[1:]))
	other, err := c.otherID(ctx, id, how.Registry)
	if err != nil {
		return nil, err
	}
	out := append([]byte{0}, binary.BigEndian.AppendUint32(nil, uint32(other))...) //nolint:gosec // ids have 32 bits
	return append(out, value[frameSize:]...), nil
}

func (c *Corrupter) otherID(ctx context.Context, id int, url string) (int, error) {
	if url == "" && c.registry == "" {
		return id + 1, nil
	}
	own, err := c.schema(ctx, id, url)
	if err != nil && !errors.Is(err, errNoSchema) {
		return 0, err
	}
	for away := 1; away <= 8; away++ {
		for _, other := range []int{id + away, id - away} {
			if other < 0 {
				continue
			}
			s, err := c.tried(ctx, other, url)
			if err != nil && !errors.Is(err, errNoSchema) {
				return 0, err
			}
			if err == nil && (own == nil || s.text != own.text) {
				return other, nil
			}
		}
	}
	return id + 1, nil
}
