package payload

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/internal/jsontext"
)

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
	if !confluent.Framed(value) {
		if !jsontext.Valid(value) {
			return nil, nil, fmt.Errorf("%w, and it is no JSON", errNoFrame)
		}
		return nil, jsonText(value), nil
	}
	frame, doc, err = c.readFramed(ctx, value, how)
	if err != nil && jsontext.Valid(value[confluent.FrameSize:]) { // Avro and Protobuf are not, but for one in very many
		return readJSON(value)
	}
	return frame, doc, err
}

func readJSON(value []byte) (frame []byte, doc document, err error) {
	if confluent.Framed(value) {
		frame, value = value[:confluent.FrameSize], value[confluent.FrameSize:]
	}
	if !jsontext.Valid(value) {
		return nil, nil, errors.New("it is no JSON")
	}
	return frame, jsonText(value), nil
}

func (c *Corrupter) readFramed(ctx context.Context, value []byte, how rule.Corrupt) (frame []byte, doc document, err error) {
	if !confluent.Framed(value) {
		return nil, nil, errNoFrame
	}
	id := confluent.ID(value)
	s, err := c.schema(ctx, id, how.Registry)
	if err != nil {
		return nil, nil, err
	}
	if s.Broken != nil {
		return nil, nil, fmt.Errorf("compiling schema %d (%s): %w", id, s.Kind, s.Broken)
	}
	switch {
	case s.Kind == sr.TypeAvro && how.Format != rule.Protobuf:
		doc, err = readAvro(s.Avro, value[confluent.FrameSize:])
		return value[:confluent.FrameSize], doc, err
	case s.Kind == sr.TypeProtobuf && how.Format != rule.Avro:
		return readProtobuf(value, s.Proto)
	case s.Kind == sr.TypeJSON && how.Format == rule.Auto:
		return readJSON(value)
	}
	return nil, nil, fmt.Errorf("schema %d is %s: ask for that format", id, s.Kind)
}

// wrongID puts another id into the frame: the nearest that the registry knows
// (up to eight above and below are asked for) and that has another text, else
// the next one, which nobody knows.
func (c *Corrupter) wrongID(ctx context.Context, value []byte, how rule.Corrupt) ([]byte, error) {
	if !confluent.Framed(value) {
		return nil, errNoFrame
	}
	id := confluent.ID(value)
	other, err := c.otherID(ctx, id, how.Registry)
	if err != nil {
		return nil, err
	}
	out := append([]byte{0}, binary.BigEndian.AppendUint32(nil, uint32(other))...) //nolint:gosec // ids have 32 bits
	return append(out, value[confluent.FrameSize:]...), nil
}

func (c *Corrupter) otherID(ctx context.Context, id int, url string) (int, error) {
	if url == "" && c.registry == "" {
		return id + 1, nil
	}
	own, err := c.schema(ctx, id, url)
	if err != nil && !errors.Is(err, confluent.ErrNoSchema) {
		return 0, err
	}
	for away := 1; away <= 8; away++ {
		for _, other := range []int{id + away, id - away} {
			if other < 0 {
				continue
			}
			s, err := c.tried(ctx, other, url)
			if err != nil && !errors.Is(err, confluent.ErrNoSchema) {
				return 0, err
			}
			if err == nil && (own == nil || s.Text != own.Text) {
				return other, nil
			}
		}
	}
	return id + 1, nil
}
