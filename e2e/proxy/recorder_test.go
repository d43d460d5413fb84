//go:build e2e

package proxy_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorder keeps all bytes of connections.
type recorder struct {
	mu    sync.Mutex
	conns []*recorded
}

// recorded are the bytes of one connection, both ways.
type recorded struct {
	requests, responses syncBuffer
	used                bool // by a comparison
}

func (r *recorder) begin() *recorded {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &recorded{}
	r.conns = append(r.conns, c)
	return c
}

// dial connects as net.Dialer does, and records.
func (r *recorder) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return recordingConn{c, r.begin()}, nil
}

type recordingConn struct {
	net.Conn
	to *recorded
}

func (c recordingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	_, _ = c.to.requests.Write(b[:n])
	return n, err
}

func (c recordingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	_, _ = c.to.responses.Write(b[:n])
	return n, err
}

// stand listens where a broker is said to be, and carries to where it is,
// until the test ends.
func (r *recorder) stand(t *testing.T, at, broker string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", at)
	require.NoError(t, err)
	var open sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		open.Wait() // the proxy, which is ended before, closed its connections
	})
	open.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := r.dial(context.Background(), "tcp", broker)
			if err != nil {
				_ = from.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
				open.Go(func() {
					_, _ = io.Copy(way[1], way[0]) // a connection that breaks is the end of it
					_, _ = way[0].Close(), way[1].Close()
				})
			}
		}
	})
}

// frames cuts a stream into Kafka's frames. What is left of the last one is
// none.
func frames(stream string) (out [][]byte) {
	for b := []byte(stream); len(b) >= 4; {
		n := int(binary.BigEndian.Uint32(b))
		if len(b) < 4+n {
			break
		}
		out = append(out, b[4:4+n])
		b = b[4+n:]
	}
	return out
}
