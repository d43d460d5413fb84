// Package frame reads and writes Kafka's frames: lengths, headers, the bodies
// that franz-go's kmsg knows, and the addresses that they carry. It is pure:
// bytes in, bytes out. Source: https://kafka.apache.org/protocol.html
package frame

// Header is the header of a request.
type Header struct {
	Key         int16 // of the API
	Version     int16
	Correlation int32
	ClientID    string // "" also where it is null
}
