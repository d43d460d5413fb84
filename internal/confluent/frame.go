// Package confluent reads what stands in Confluent's framing: it finds the
// schema of a value in a registry, and goes over the bytes of the value by it.
// It decodes no values, and writes neither values nor schemas.
package confluent

import "encoding/binary"

// FrameSize is the size of the frame before a value: a zero byte and the id of
// its schema, big-endian, 32 bits. For Protobuf the place of the message in its
// file comes behind it, which MessageAt reads.
//
// Source: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
const FrameSize = 5

// Framed says that a value may begin with a frame.
func Framed(value []byte) bool { return len(value) >= FrameSize && value[0] == 0 }

// ID is the schema's, of a value that is Framed.
func ID(value []byte) int { return int(binary.BigEndian.Uint32(value[1:])) }
