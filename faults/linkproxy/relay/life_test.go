package relay_test

import (
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/linkproxy/relay"
)

func TestOneHalfMayEndBeforeTheOther(t *testing.T) {
	for _, link := range []string{"raw", "web"} {
		l := newLab(t, listen(t, func(c *net.TCPConn) {
			b, _ := io.ReadAll(c) // until the client's half has ended
			_, _ = c.Write(append([]byte("all: "), b...))
		}))
		c := l.dial(link)
		_, err := io.WriteString(c, "a\n")
		require.NoError(t, err)
		require.NoError(t, c.CloseWrite())
		got, err := io.ReadAll(c)
		require.NoError(t, err)
		assert.Equal(t, "all: a\n", string(got))
	}
}

func TestAResetReachesTheOtherSide(t *testing.T) {
	cut := make(chan error, 1)
	l := newLab(t, listen(t, func(c *net.TCPConn) {
		_, err := io.Copy(c, c)
		cut <- err
	}))
	c := l.dial("raw")
	require.Equal(t, "a", say(t, c, "a"))
	require.NoError(t, c.SetLinger(0))
	require.NoError(t, c.Close())
	require.ErrorIs(t, <-cut, syscall.ECONNRESET)
}

func TestAnEndThatIsNotThereIsSeenAsOne(t *testing.T) {
	gone := listen(t, func(*net.TCPConn) {})
	l := newLab(t, "127.0.0.1:1")
	require.ErrorIs(t, l.fails("raw"), syscall.ECONNRESET)
	require.ErrorIs(t, newLab(t, gone).fails("raw"), io.EOF)
}

func TestThereIsABoundOnConnections(t *testing.T) {
	l := newLab(t, echo(t), func(c *relay.Config) { c.MaxConnections = 1 })
	c := l.dial("raw")
	require.Equal(t, "a", say(t, c, "a"))
	require.Error(t, l.fails("web"), "one more is closed")
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addrs()["raw"])
		if err != nil {
			return false
		}
		defer c.Close() //nolint:errcheck // over
		_ = c.SetDeadline(time.Now().Add(time.Second))
		_, _ = io.WriteString(c, "b")
		_, err = c.Read(make([]byte, 1))
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
}

// TestMemoryIsBounded: a hundred connections, each of which sends into a
// partition all that it can, and a hundred under a delay that ends never.
func TestMemoryIsBounded(t *testing.T) {
	l := newLab(t, echo(t))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	conns := make([]net.Conn, 0, 100)
	for i := range 100 {
		c := l.dial([]string{"raw", "web"}[i%2])
		require.Equal(t, "a", say(t, c, "a"))
		conns = append(conns, c)
	}
	idle := heap()
	assert.Less(t, idle-min(idle, before), uint64(16<<20), "100 connections")
	l.put("raw network.partition")
	l.put("web network.delay delay=1h")
	fill(conns)
	full := heap()
	t.Logf("idle %d KiB, filled %d KiB", (idle-min(idle, before))>>10, (full-min(full, before))>>10)
	assert.Less(t, full-min(full, before), uint64(120<<20), "the windows of 50 connections under a delay, and none for a partition")
	for _, c := range conns {
		require.NoError(t, c.Close())
	}
}

// fill sends on each until no more is taken.
func fill(conns []net.Conn) {
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			piece := make([]byte, 256<<10)
			for {
				_ = c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
				if _, err := c.Write(piece); err != nil {
					return
				}
			}
		})
	}
	all.Wait()
}

func TestAProxyThatEndsClosesWhatItHolds(t *testing.T) {
	l := newLab(t, echo(t))
	held, open := l.dial("web"), l.dial("raw")
	require.Equal(t, "a", say(t, open, "a"))
	l.put("web network.partition")
	l.put("raw network.delay delay=1h")
	_, err := io.WriteString(open, "b\n")
	require.NoError(t, err)
	l.end()
	for _, c := range []net.Conn{held, open} {
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err)
		var timeout net.Error
		require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "it is cut: %v", err)
	}
}

func TestALinkIsRefusedWithAHint(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "is none of name=, listen=, to= and http",
		"name=a":                          `to "": write host:port`,
		"name=A,to=h:1":                   "write lower-case letters",
		"name=a,to=h":                     `to "h": write host:port`,
		"name=a,to=h:1,listen=x":          `listen "x": write host:port`,
		"name=a,to=h:99999":               "write host:port",
		"name=a,to=h:1,https":             `"https" is none of`,
		"name=a,name=b,to=h:1":            "name stands twice",
		"name=a,to=http://h:1":            "write host:port",
		"name=a,to=h:1,listen=0.0.0.0:-1": "write host:port",
	} {
		_, err := relay.ParseLink(text)
		require.ErrorContains(t, err, want, text)
	}
	l, err := relay.ParseLink("name=sink-to-store,listen=127.0.0.1:1,to=store:9000,http")
	require.NoError(t, err)
	assert.Equal(t, relay.Link{Name: "sink-to-store", Listen: "127.0.0.1:1", To: "store:9000", HTTP: true}, l)
}

func TestAProxyIsRefused(t *testing.T) {
	taken := echo(t)
	a := relay.Link{Name: "a", Listen: "127.0.0.1:0", To: "h:1"}
	for want, links := range map[string][]relay.Link{
		"there is no link":           nil,
		`two links are called "a"`:   {a, a},
		"two links listen on h:5":    {{Name: "b", Listen: "h:5", To: "h:1"}, {Name: "c", Listen: "h:5", To: "h:1"}},
		"end what listens there":     {a, {Name: "b", Listen: taken, To: "h:1"}},
		"listening on 192.0.2.1:1: ": {{Name: "b", Listen: "192.0.2.1:1", To: "h:1"}},
	} {
		_, err := relay.New(relay.Config{Links: links})
		require.ErrorContains(t, err, want)
	}
}

func TestAQuestionNamesALink(t *testing.T) {
	l := newLab(t, echo(t))
	_, err := l.Read("r", control.Question{Kind: "network.reset"})
	require.ErrorIs(t, err, faults.ErrRefused)
	_, err = l.Read("r", control.Question{Kind: "network.reset", Link: "raw"})
	require.NoError(t, err)
}
