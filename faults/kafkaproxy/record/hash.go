package record

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// Hash names what a record holds, for the ground truth: the SHA-256, in hex, of
//
//	bytes(key) bytes(value) int32(number of headers) { bytes(name) bytes(value) }
//
// where bytes(v) is int32(length of v) and v, or int32(-1) where v is null, and
// int32 is big-endian. Offset and time are no part of it, so that it is the
// same on produce and on fetch.
func Hash(r *Record) string {
	h := sha256.New()
	hashBytes(h, r.Key)
	hashBytes(h, r.Value)
	hashInt(h, len(r.Headers))
	for _, header := range r.Headers {
		hashInt(h, len(header.Key)) // a name is never null
		h.Write(header.Key)
		hashBytes(h, header.Value)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func hashBytes(h hash.Hash, v []byte) {
	if v == nil {
		hashInt(h, -1)
		return
	}
	hashInt(h, len(v))
	h.Write(v)
}

func hashInt(h hash.Hash, n int) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(int32(n))) //nolint:gosec // as Kafka writes lengths
	h.Write(b[:])
}
