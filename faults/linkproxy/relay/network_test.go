package relay_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAPartitionHoldsWhatIsOpenAndItGoesOn(t *testing.T) {
	for _, link := range []string{"raw", "web"} {
		for _, c := range []struct{ direction, heard string }{{"both", ""}, {"out", ""}, {"in", "hello\n"}} {
			t.Run(link+" "+c.direction, func(t *testing.T) {
				heard := make(chan string, 10)
				l := newLab(t, listen(t, func(c *net.TCPConn) {
					b := make([]byte, 64)
					for {
						n, err := c.Read(b)
						if err != nil {
							return
						}
						heard <- string(b[:n])
						_, _ = c.Write(b[:n])
					}
				}))
				conn := l.dial(link)
				require.Equal(t, "first", say(t, conn, "first"))
				require.Equal(t, "first\n", <-heard)
				id := l.put(link + " network.partition direction=" + c.direction)
				_, err := io.WriteString(conn, "hello\n")
				require.NoError(t, err)
				silent(t, conn)
				if c.heard != "" {
					assert.Equal(t, c.heard, <-heard)
				} else {
					assert.Empty(t, heard)
				}
				assert.Positive(t, l.Status()[id].Met)
				l.lift()
				got := make([]byte, 6)
				_, err = io.ReadFull(conn, got)
				require.NoError(t, err)
				assert.Equal(t, "hello\n", string(got), "what was held flows on")
			})
		}
	}
}

func TestAPartitionAnswersNobodyNew(t *testing.T) {
	came := make(chan string, 10)
	l := newLab(t, listen(t, func(c *net.TCPConn) {
		b := make([]byte, 64)
		n, _ := c.Read(b)
		came <- string(b[:n])
		_, _ = c.Write(b[:n])
	}))
	id := l.put("raw network.partition direction=in")
	waits, left := l.dial("raw"), l.dial("raw")
	for c, word := range map[net.Conn]string{waits: "waits", left: "left"} {
		_, err := io.WriteString(c, word)
		require.NoError(t, err)
	}
	require.NoError(t, left.Close())
	silent(t, waits)
	assert.EqualValues(t, 2, l.Status()[id].Met)
	l.lift()
	got := make([]byte, 5)
	_, err := io.ReadFull(waits, got)
	require.NoError(t, err)
	assert.Equal(t, "waits", string(got))
	assert.Equal(t, "waits", <-came)
	require.Equal(t, "next", say(t, l.dial("raw"), "next"), "all that came before it is through")
	assert.Equal(t, "next\n", <-came, "who left while it was held is not heard of")
}

func TestFaultsAreOfTheirLinkAlone(t *testing.T) {
	l := newLab(t, echo(t))
	other := l.dial("raw")
	require.Equal(t, "a", say(t, other, "a"))
	for _, f := range []string{"web network.reset", "web network.partition", "web http.unreachable", "web network.delay delay=10s"} {
		l.put(f)
		begin := time.Now()
		require.Equal(t, f, say(t, other, f))
		assert.Less(t, time.Since(begin), 9*time.Second)
	}
	l.lift()
	require.Equal(t, "z", say(t, other, "z"))
}

func TestADelayIsPerDirectionAndEndsAtOnce(t *testing.T) {
	l := newLab(t, echo(t))
	for _, link := range []string{"raw", "web"} {
		c := l.dial(link)
		require.Equal(t, "a", say(t, c, "a"))
		for direction, want := range map[string]time.Duration{"out": 200 * time.Millisecond, "in": 200 * time.Millisecond, "both": 400 * time.Millisecond} {
			l.put(link + " network.delay delay=200ms direction=" + direction)
			begin := time.Now()
			require.Equal(t, "b", say(t, c, "b"))
			assert.GreaterOrEqual(t, time.Since(begin), want, direction)
			l.lift()
		}
		l.put(link + " network.delay delay=1h")
		_, err := io.WriteString(c, "c\n")
		require.NoError(t, err)
		silent(t, c)
		l.lift()
		got := make([]byte, 2)
		_, err = io.ReadFull(c, got)
		require.NoError(t, err)
		require.Equal(t, "d", say(t, c, "d"))
	}
}

func TestAPartitionHoldsWhatADelayHeld(t *testing.T) {
	l := newLab(t, echo(t))
	c := l.dial("raw")
	l.put("raw network.delay delay=100ms")
	_, err := io.WriteString(c, "a\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return l.Status()["r0"].Met > 0 }, 5*time.Second, time.Millisecond)
	l.put("raw network.partition")
	silent(t, c)
	silent(t, c)
	l.lift()
	got := make([]byte, 2)
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
}

func TestABandwidthBoundsAConnection(t *testing.T) {
	l := newLab(t, echo(t))
	l.put("raw network.bandwidth bytes_per_second=100KB direction=in")
	c := l.dial("raw")
	begin := time.Now()
	go func() { _, _ = c.Write(make([]byte, 50_000)) }()
	_, err := io.ReadFull(c, make([]byte, 50_000))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(begin), 450*time.Millisecond)
}

func TestAResetCutsWhatIsOpenAndWhatComes(t *testing.T) {
	l := newLab(t, echo(t))
	for _, link := range []string{"raw", "web"} {
		c := l.dial(link)
		require.Equal(t, "a", say(t, c, "a"))
		l.put(link + " network.reset")
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		require.ErrorIs(t, l.fails(link), syscall.ECONNRESET)
		l.lift()
		require.Equal(t, "b", say(t, l.dial(link), "b"))
	}
}

func TestWhoIsUnreachableRefusesAndKeepsItsPort(t *testing.T) {
	l := newLab(t, echo(t))
	at := l.Addrs()["web"]
	c := l.dial("web")
	require.Equal(t, "a", say(t, c, "a"))
	for range 20 {
		l.put("web http.unreachable")
		_, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		_, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", at)
		require.ErrorIs(t, err, syscall.EADDRINUSE)
		l.lift()
		require.Equal(t, "b", say(t, l.dial("web"), "b"), "it is there as soon as the fault is lifted")
	}
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

// TestNoByteIsLostHoweverFaultsChange sends much both ways, while faults come
// and go in the midst of splices.
func TestNoByteIsLostHoweverFaultsChange(t *testing.T) {
	for _, link := range []string{"raw", "web"} {
		t.Run(link, func(t *testing.T) {
			l := newLab(t, echo(t))
			c := l.dial(link)
			sent := make([]byte, 24<<20)
			for i := range sent {
				sent[i] = byte(rand.Uint32()) //nolint:gosec // any bytes
			}
			if link == "web" {
				copy(sent, "PUT /a HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n")
			}
			changing, stop := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(changing)
				for i := 0; ; i++ {
					select {
					case <-stop:
						l.lift()
						return
					case <-time.After(time.Millisecond):
					}
					l.lift()
					l.put(link + " " + []string{"network.partition", "network.delay delay=2ms", "network.partition direction=in", "network.bandwidth bytes_per_second=50MB", "http.delay"}[i%5])
				}
			}()
			go func() {
				_, _ = c.Write(sent)
				_ = c.CloseWrite()
			}()
			begin := time.Now()
			got := sha256.New()
			n, err := io.Copy(got, c)
			close(stop)
			<-changing
			require.NoError(t, err, "after %d bytes and %s", n, time.Since(begin))
			want := sha256.Sum256(sent)
			assert.True(t, bytes.Equal(want[:], got.Sum(nil)), "%d of %d bytes", n, len(sent))
		})
	}
}
