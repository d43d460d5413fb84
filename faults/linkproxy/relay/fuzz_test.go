package relay_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults/linkproxy/relay"
)

// FuzzRequests: whatever a client sends over a link that is said to be HTTP is
// there at the other end, byte for byte, however it is cut, and a fault that
// selects nothing changes nothing.
func FuzzRequests(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: h\r\n\r\nPUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.0\n\n"), uint16(3))
	f.Add([]byte("PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n\r\n\r\nHEAD http://h/p?q HTTP/1.1\r\n\r\n"), uint16(40))
	f.Add([]byte("\r\n\r\n\x00\x01"), uint16(1))
	f.Add([]byte("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\nxyz"), uint16(1000))
	f.Fuzz(func(t *testing.T, sent []byte, cut uint16) {
		got := make(chan []byte, 1)
		l := newLab(t, listen(t, func(c *net.TCPConn) {
			_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
			b, _ := io.ReadAll(c)
			got <- b
		}))
		l.put("web http.status path=/nobody-asks-for-this")
		c := l.dial("web")
		for rest := sent; len(rest) > 0; {
			n := min(len(rest), int(cut)+1)
			if _, err := c.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if b := <-got; string(b) != string(sent) {
			t.Fatalf("sent %q, got %q", sent, b)
		}
	})
}

// FuzzLink: what is taken as a link is served, or refused for its address.
func FuzzLink(f *testing.F) {
	f.Add("name=sink-to-store,listen=127.0.0.1:0,to=127.0.0.1:9000,http")
	f.Add("name=,to=,=,http=,")
	f.Add("to=[::1]:1,name=a")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := relay.ParseLink(text)
		if err != nil {
			return
		}
		if _, _, err := net.SplitHostPort(l.To); err != nil || l.Name == "" {
			t.Fatalf("%q was taken: %+v, %v", text, l, err)
		}
	})
}
