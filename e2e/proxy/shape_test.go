//go:build e2e

package proxy_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
)

// shape is how clients write a number as a value: a trade with the number in
// it, in Confluent's framing. The zero value writes the number alone.
type shape struct {
	values string // as --values takes it
	schema uint32 // id of it
}

// jsonSchema is the id in the frame of JSON, which no registry knows.
const jsonSchema = 7

const (
	avroTrade = `{"type":"record","name":"Trade","fields":[{"name":"n","type":"long"},{"name":"price","type":"double"},` +
		`{"name":"quantity","type":"double"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}`
	protobufTrade = "syntax = \"proto3\";\nmessage Trade {\n  int64 n = 1;\n  double price = 2;\n  double quantity = 3;\n  int64 at = 4;\n}\n"
)

// tradedAt is the time in every trade.
func tradedAt() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// shapeOf gives the shape of an application's values. What needs a schema has
// it registered.
func shapeOf(t *testing.T, values string) shape {
	t.Helper()
	var text string
	kind := sr.TypeAvro
	switch values {
	case "avro":
		text = avroTrade
	case "protobuf":
		text, kind = protobufTrade, sr.TypeProtobuf
	default:
		return shape{values, jsonSchema}
	}
	c, err := sr.NewClient(sr.URLs(fromEnv(t, "E2E_REGISTRY")), sr.HTTPClient(&http.Client{Timeout: patience}))
	require.NoError(t, err)
	made, err := c.CreateSchema(t.Context(), fresh(values)+"-value", sr.Schema{Schema: text, Type: kind})
	require.NoError(t, err)
	_, err = c.SchemaByID(t.Context(), made.ID) // the first answer takes a registry longer than a proxy waits
	require.NoError(t, err)
	return shape{values, uint32(made.ID)}
}

// value is what is written for a number.
func (s shape) value(n int64) []byte {
	if s.values == "numbers" {
		return strconv.AppendInt(nil, n, 10)
	}
	framed := binary.BigEndian.AppendUint32([]byte{0}, s.schema)
	price, quantity, at := math.Float64bits(float64(n)+1.5), math.Float64bits(float64(n)+2), tradedAt().UnixMilli()
	switch s.values {
	case "avro":
		out := binary.AppendVarint(framed, n)
		out = binary.LittleEndian.AppendUint64(out, price)
		out = binary.LittleEndian.AppendUint64(out, quantity)
		return binary.AppendVarint(out, at)
	case "protobuf": // the first message of its file
		out := binary.AppendUvarint(append(framed, 0, 1<<3), uint64(n))
		out = binary.LittleEndian.AppendUint64(append(out, 2<<3|1), price)
		out = binary.LittleEndian.AppendUint64(append(out, 3<<3|1), quantity)
		return binary.AppendUvarint(append(out, 4<<3), uint64(at))
	}
	return fmt.Appendf(framed, `{"n": %d, "price": %d.5, "quantity": %d, "at": %q}`, n, n+1, n+2, tradedAt().Format(time.RFC3339))
}

// number is that of a value, and whether it is as it was written.
func (s shape) number(value []byte) (n int64, whole bool) {
	if len(value) < 7 {
		return 0, false
	}
	body := value[5:]
	switch s.values {
	case "avro":
		n, _ = binary.Varint(body)
	case "protobuf":
		u, _ := binary.Uvarint(body[2:])
		n = int64(u)
	default:
		var v struct {
			N int64 `json:"n"`
		}
		if json.Unmarshal(body, &v) != nil {
			return 0, false
		}
		n = v.N
	}
	return n, bytes.Equal(value, s.value(n))
}
