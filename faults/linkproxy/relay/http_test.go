package relay_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// store is a little object store: it keeps what is put, and says how often it
// was asked.
func store(t *testing.T) (address string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	objects := map[string][]byte{}
	return web(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch r.Method {
		case http.MethodPut:
			b, err := io.ReadAll(r.Body)
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			objects[r.URL.Path] = b
			w.Header().Set("Trailer-Seen", r.Trailer.Get("X-Sum"))
			_, _ = io.WriteString(w, r.Host+" "+r.Header.Get("Authorization")) //nolint:gosec // a test's
		default:
			http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(objects[r.URL.Path]))
		}
	}), asked
}

func (l *lab) do(c *http.Client, method, path string, body io.Reader, head map[string]string) (*http.Response, string) {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), method, l.url(path), body)
	require.NoError(l.t, err)
	for k, v := range head {
		r.Header.Set(k, v)
	}
	if h := head["Host"]; h != "" {
		r.Host = h
	}
	res, err := c.Do(r)
	require.NoError(l.t, err)
	b, err := io.ReadAll(res.Body)
	require.NoError(l.t, err)
	require.NoError(l.t, res.Body.Close())
	return res, string(b)
}

func TestAnObjectStoreIsUsedAsIfItWereThere(t *testing.T) {
	at, _ := store(t)
	l := newLab(t, at)
	c := l.client()
	big := make([]byte, 16<<20)
	_, _ = rand.Read(big)

	_, said := l.do(c, http.MethodPut, "/b/k", bytes.NewReader(big), map[string]string{"Host": "b.store.example", "Authorization": "AWS4-HMAC-SHA256 Signature=x", "Expect": "100-continue"})
	assert.Equal(t, "b.store.example AWS4-HMAC-SHA256 Signature=x", said)
	res, got := l.do(c, http.MethodGet, "/b/k", nil, nil)
	assert.True(t, bytes.Equal(big, []byte(got)), "what was put is got")
	assert.EqualValues(t, len(big), res.ContentLength)
	res, got = l.do(c, http.MethodHead, "/b/k", nil, nil)
	assert.Empty(t, got)
	assert.EqualValues(t, len(big), res.ContentLength)
	res, got = l.do(c, http.MethodGet, "/b/k", nil, map[string]string{"Range": "bytes=5-9"})
	assert.Equal(t, http.StatusPartialContent, res.StatusCode)
	assert.Equal(t, string(big[5:10]), got)

	chunked := io.MultiReader(bytes.NewReader(big[:7]), bytes.NewReader(big[7:100_000])) // of no length: in chunks
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, l.url("/b/c"), chunked)
	require.NoError(t, err)
	r.Trailer = http.Header{"X-Sum": []string{"s"}}
	res, err = c.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, "s", res.Header.Get("Trailer-Seen"))
	_, got = l.do(c, http.MethodGet, "/b/c", nil, nil)
	assert.Equal(t, string(big[:100_000]), got)
}

func TestConnectionsAreKept(t *testing.T) {
	at, _ := store(t)
	l := newLab(t, at)
	c, opened := l.client(), 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if !i.Reused {
			opened++
		}
	}})
	for i := range 5 {
		if i == 2 {
			l.put("web http.status path=/other")
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPut, l.url("/k"), strings.NewReader("v"))
		require.NoError(t, err)
		res, err := c.Do(r)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, res.Body)
		require.NoError(t, res.Body.Close())
	}
	assert.Equal(t, 1, opened, "a fault that does not meet them drops none")
}

func TestAStatusAnswersWhatItSelects(t *testing.T) {
	at, asked := store(t)
	l := newLab(t, at)
	c := l.client()
	id := l.put("web http.status code=507 body=<Error>full</Error> method=put,HEAD path=/warehouse/")
	for range 3 {
		res, got := l.do(c, http.MethodPut, "/warehouse/a", strings.NewReader("v"), nil)
		assert.Equal(t, 507, res.StatusCode)
		assert.Equal(t, "application/xml", res.Header.Get("Content-Type"))
		assert.Equal(t, "<Error>full</Error>", got)
	}
	res, got := l.do(c, http.MethodHead, "/warehouse/a", nil, nil)
	assert.Equal(t, 507, res.StatusCode)
	assert.Empty(t, got)
	assert.Zero(t, asked.Load(), "it does not reach the other end")
	for _, pass := range [][2]string{{http.MethodGet, "/warehouse/a"}, {http.MethodPut, "/other?at=/warehouse/"}} {
		res, _ = l.do(c, pass[0], pass[1], nil, nil)
		assert.Equal(t, http.StatusOK, res.StatusCode, "%s", pass)
	}
	n := l.Status()[id]
	assert.EqualValues(t, 4, n.Met)
	assert.EqualValues(t, 4, n.Touched)
	l.lift()
	res, _ = l.do(c, http.MethodPut, "/warehouse/a", strings.NewReader("v"), nil)
	assert.Equal(t, http.StatusOK, res.StatusCode)
}

func TestAStatusMeetsSomeByTheirNumber(t *testing.T) {
	at, asked := store(t)
	l := newLab(t, at)
	l.put("web http.status every=3 first=2")
	c := l.client()
	var got []int
	for range 10 {
		code, err := l.get(c)
		require.NoError(t, err)
		got = append(got, code)
	}
	assert.Equal(t, []int{200, 200, 503, 200, 200, 503, 200, 200, 200, 200}, got)
	assert.EqualValues(t, 8, asked.Load())
}

// TestALargeUploadSeesItsStatus: the answer comes while the client sends, and
// is not lost in a reset.
func TestALargeUploadSeesItsStatus(t *testing.T) {
	at, _ := store(t)
	l := newLab(t, at)
	l.put("web http.status")
	for _, head := range []map[string]string{nil, {"Expect": "100-continue"}} {
		for range 5 {
			res, _ := l.do(l.client(), http.MethodPut, "/k", io.LimitReader(rand.Reader, 4<<20), head)
			assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
		}
	}
}

// TestAnswersStayInTheirTurn: the client asks for three at once, the second of
// which a fault answers.
func TestAnswersStayInTheirTurn(t *testing.T) {
	l := newLab(t, web(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			select {
			case <-time.After(200 * time.Millisecond):
			case <-r.Context().Done(): // it gives up who closed one half
			}
		}
		_, _ = io.WriteString(w, r.URL.Path) //nolint:gosec // a test's
	}))
	id := l.put("web http.status path=/b code=500")
	c := l.dial("web")
	_, err := io.WriteString(c, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n")
	require.NoError(t, err)
	b := bufio.NewReader(c)
	res, err := http.ReadResponse(b, nil)
	require.NoError(t, err)
	got, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Equal(t, "200 /slow", fmt.Sprint(res.StatusCode, " ", string(got)))
	res, err = http.ReadResponse(b, nil)
	require.NoError(t, err)
	assert.Equal(t, 500, res.StatusCode)
	require.NoError(t, res.Body.Close())
	_, err = b.ReadByte()
	require.ErrorIs(t, err, io.EOF, "the connection ends with it")
	assert.EqualValues(t, 1, l.Status()[id].Touched)
}

// TestAnAnswerWhoseTurnDoesNotComeIsNone: the other end goes on with an answer
// before; nothing is put in between.
func TestAnAnswerWhoseTurnDoesNotComeIsNone(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	l := newLab(t, listen(t, func(c *net.TCPConn) {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun")
		<-stop
	}))
	id := l.put("web http.status path=/b")
	c := l.dial("web")
	_, err := io.WriteString(c, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
	require.NoError(t, err)
	got, err := io.ReadAll(c)
	require.Error(t, err, "it is reset")
	assert.NotContains(t, string(got), "503")
	assert.EqualValues(t, 1, l.Status()[id].Skipped)
}

func TestRequestsAreDelayed(t *testing.T) {
	at, _ := store(t)
	l := newLab(t, at)
	c := l.client()
	l.put("web http.delay delay=1s method=GET")
	begin := time.Now()
	code, err := l.get(c)
	require.NoError(t, err)
	assert.Equal(t, 200, code)
	assert.GreaterOrEqual(t, time.Since(begin), time.Second)
	begin = time.Now()
	l.do(c, http.MethodPut, "/k", strings.NewReader("v"), nil)
	assert.Less(t, time.Since(begin), 900*time.Millisecond)

	l.put("web http.delay delay=1h")
	answered := make(chan error, 1)
	go func() { _, err := l.get(c); answered <- err }()
	require.Eventually(t, func() bool { return l.Status()["r1"].Met == 1 }, 5*time.Second, time.Millisecond)
	l.lift()
	require.NoError(t, <-answered, "it goes on at once")
}

// TestWhatIsNoHTTPPassesUnread: another protocol on a link that is said to be
// HTTP is none the worse for it, and no fault of HTTP meets it.
func TestWhatIsNoHTTPPassesUnread(t *testing.T) {
	for name, said := range map[string]string{
		"a line":                "hello\n",
		"TLS":                   "\x16\x03\x01\x02\x00\x01",
		"HTTP/2":                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"an upgrade":            "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x00\x01GET /b HTTP/1.1\r\n\r\n",
		"CONNECT":               "CONNECT h:1 HTTP/1.1\r\n\r\nbytes",
		"two lengths":           "PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"no length":             "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\nab",
		"an unknown coding":     "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nab",
		"no chunk":              "PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"a long head":           "GET / HTTP/1.1\r\nA: " + strings.Repeat("a", 100<<10) + "\r\n\r\n",
		"half a head":           "GET / HTTP/1.1\r\nA: ",
		"a long line of chunks": "PUT /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("a", 100<<10) + "\r\na\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, echo(t))
			l.put("web http.status method=GET path=/b")
			c := l.dial("web")
			go func() {
				_, _ = io.WriteString(c, said)
				_ = c.CloseWrite()
			}()
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.True(t, bytes.Equal([]byte(said), got), "%d of %d bytes", len(got), len(said))
		})
	}
}

// TestASlowHeadHoldsUpNobody: each byte of it is there as late as it was sent,
// and others are served.
func TestASlowHeadHoldsUpNobody(t *testing.T) {
	at, _ := store(t)
	l := newLab(t, at)
	for range 50 {
		_, err := io.WriteString(l.dial("web"), "GET / HTTP/1.1\r\nX-Slow: ")
		require.NoError(t, err)
	}
	code, err := l.get(l.client())
	require.NoError(t, err)
	assert.Equal(t, 200, code)
}

func TestAnAbandonedRequestIsNoHarm(t *testing.T) {
	at, _ := store(t)
	l := newLab(t, at)
	l.put("web http.delay delay=1h")
	c := l.client()
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url("/"), nil)
	require.NoError(t, err)
	res, err := c.Do(r)
	if err == nil {
		_ = res.Body.Close()
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	l.lift()
	code, err := l.get(c)
	require.NoError(t, err)
	assert.Equal(t, 200, code)
}
