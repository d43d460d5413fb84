package relay_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// shut closes what a test is done with.
func shut(c io.Closer) { _ = c.Close() }

// scripted is a broker that does what a test says to each connection.
func scripted(t *testing.T, serve func(c net.Conn)) (address string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	serveOn(t, l, serve)
	return l.Addr().String()
}

func serveOn(t *testing.T, l net.Listener, serve func(c net.Conn)) {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			all.Go(func() {
				defer shut(c)
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		shut(l)
		mu.Lock()
		for _, c := range open {
			shut(c)
		}
		mu.Unlock()
		all.Wait()
	})
}

// answering serves each request with what answer gives for its body: a whole
// response behind its correlation id.
func answering(answer func(h frame.Header, request []byte) []byte) func(net.Conn) {
	return func(c net.Conn) {
		for {
			f, err := readFrame(c)
			if err != nil {
				return
			}
			h, _, err := frame.ReadHeader(f[4:], "")
			if err != nil {
				return
			}
			if _, err := c.Write(framed(h.Correlation, answer(h, f))); err != nil {
				return
			}
		}
	}
}

func framed(correlation int32, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(4+len(body)))
	return append(binary.BigEndian.AppendUint32(b, uint32(correlation)), body...)
}

func readFrame(r io.Reader) ([]byte, error) {
	b := make([]byte, 4)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	b = append(b, make([]byte, binary.BigEndian.Uint32(b))...)
	_, err := io.ReadFull(r, b[4:])
	return b, err
}

func request(m kmsg.Request, version int16, correlation int32) []byte {
	m.SetVersion(version)
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("desk")).AppendRequest(nil, m, correlation)
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { shut(c) })
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return c.(*net.TCPConn)
}

func exchange(t *testing.T, c net.Conn, request []byte) []byte {
	t.Helper()
	_, err := c.Write(request)
	require.NoError(t, err)
	f, err := readFrame(c)
	require.NoError(t, err)
	return f
}

// closes waits until the other side ends the connection.
func closes(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, c)
	assert.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the connection stays open")
}

// logged keeps what a proxy logs.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) log() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func (l *logged) has(t *testing.T, text string) {
	t.Helper()
	assert.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return strings.Contains(l.buf.String(), text)
	}, 10*time.Second, time.Millisecond, "the log has no %q", text)
	if t.Failed() {
		l.mu.Lock()
		defer l.mu.Unlock()
		t.Log(l.buf.String())
	}
}

// before starts a proxy in front of one broker.
func before(t *testing.T, broker string, f relay.Faults) (address string, l *logged) {
	t.Helper()
	l = new(logged)
	return start(t, relay.Config{Brokers: []string{broker}, Faults: f, Log: l.log()}).Addr(), l
}
