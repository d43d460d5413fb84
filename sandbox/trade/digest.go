package trade

import (
	"crypto/sha256"
	"encoding/base64"
)

// DigestHeader is the name of the record header that a Digest goes into.
const DigestHeader = "content-digest"

// Digest names an encoded trade as RFC 9530 writes it: the SHA-256 of the
// value, frame included, such as sha-256=:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=:
func Digest(value []byte) string {
	sum := sha256.Sum256(value)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
}
