package relay_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/linkproxy/relay"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lab is a proxy that serves, with the links web, which is HTTP, and raw, to
// the same end.
type lab struct {
	t *testing.T
	*relay.Proxy
	inForce []rule.Rule
	end     func() // ends it, once
}

func newLab(t *testing.T, to string, change ...func(*relay.Config)) *lab {
	t.Helper()
	c := relay.Config{Links: []relay.Link{
		{Name: "web", Listen: "127.0.0.1:0", To: to, HTTP: true},
		{Name: "raw", Listen: "127.0.0.1:0", To: to},
	}}
	for _, f := range change {
		f(&c)
	}
	p, err := relay.New(c)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	end := sync.OnceFunc(func() { stop(); assert.NoError(t, <-done) })
	t.Cleanup(end)
	return &lab{t: t, Proxy: p, end: end}
}

// put puts one more fault in force: its link, kind and parameters.
func (l *lab) put(text string) (id string) {
	l.t.Helper()
	words := strings.Fields(text)
	with := map[string]string{}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		with[name] = value
	}
	id = fmt.Sprint("r", len(l.inForce))
	r, err := rule.Read(id, words[0], words[1], with)
	require.NoError(l.t, err)
	l.inForce = append(l.inForce, r)
	l.Set(l.inForce, nil)
	return id
}

// lift lifts all faults.
func (l *lab) lift() {
	l.inForce = nil
	l.Set(nil, nil)
}

func (l *lab) dial(link string) *net.TCPConn {
	l.t.Helper()
	c, err := (&net.Dialer{}).DialContext(l.t.Context(), "tcp", l.Addrs()[link])
	require.NoError(l.t, err)
	l.t.Cleanup(func() { _ = c.Close() })
	require.NoError(l.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return c.(*net.TCPConn) //nolint:forcetypeassert // it is TCP
}

// fails opens a connection and reads from it; the error may come at once.
func (l *lab) fails(link string) error {
	l.t.Helper()
	c, err := (&net.Dialer{Timeout: 20 * time.Second}).DialContext(l.t.Context(), "tcp", l.Addrs()[link])
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // over
	require.NoError(l.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = c.Read(make([]byte, 1))
	return err
}

// echo answers what it is sent, until that ends.
func echo(t *testing.T) string {
	t.Helper()
	return listen(t, func(c *net.TCPConn) {
		_, _ = io.Copy(c, c)
		_ = c.CloseWrite()
	})
}

// listen serves connections, each until serve returns.
func listen(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()         //nolint:errcheck // over
				serve(c.(*net.TCPConn)) //nolint:forcetypeassert // it is TCP
			}()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return l.Addr().String()
}

func web(t *testing.T, h http.HandlerFunc) (address string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// client speaks HTTP to the link web, by connections that it keeps.
func (l *lab) client() *http.Client {
	tr := &http.Transport{ExpectContinueTimeout: 10 * time.Second}
	l.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 30 * time.Second}
}

func (l *lab) url(path string) string { return "http://" + l.Addrs()["web"] + path }

// get asks for a path, and gives status and body.
func (l *lab) get(c *http.Client, path string) (int, string, error) {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, l.url(path), nil)
	require.NoError(l.t, err)
	res, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	return res.StatusCode, string(body), err
}

// say sends a line and reads one.
func say(t *testing.T, c net.Conn, line string) string {
	t.Helper()
	_, err := io.WriteString(c, line+"\n")
	require.NoError(t, err)
	got, err := bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(got)
}

// silent says that nothing comes for a while.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(150*time.Millisecond)))
	n, err := c.Read(make([]byte, 1))
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout(), "%d bytes, %v", n, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
}
