package relay

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// turnWithin is how long the other end may take to close once it has heard
	// that nothing more is asked for.
	turnWithin = 5 * time.Second
	// lastWords is how long the client may go on sending what nobody reads: a
	// connection that is closed on what it sends is reset, and it may never see
	// the answer.
	lastWords = 5 * time.Second
)

// answer answers a request in the other end's place. Answers to requests
// before it may still be under way, of which nothing is known: the other end is
// told that no more comes, and once it has closed it is this one's turn. The
// connection ends with it. One whose turn does not come is reset.
func (r *requests) answer(by *active, h head) error {
	c := r.conn
	c.answering.Store(true)
	if err := c.out.closeWrite(); err != nil {
		return err
	}
	turn := time.NewTimer(turnWithin)
	defer turn.Stop()
	select {
	case err := <-c.came:
		if err != nil {
			by.gone.Add(1)
			return err
		}
	case <-turn.C:
		by.gone.Add(1)
		return fmt.Errorf("the other end goes on for %s after what was asked of it: the connection is reset", turnWithin)
	}
	if _, err := io.WriteString(c.in, written(by.Code, by.Body, h.method)); err != nil {
		return err
	}
	if err := c.in.closeWrite(); err != nil {
		return err
	}
	late := time.AfterFunc(lastWords, c.close)
	defer late.Stop()
	if _, err := io.Copy(io.Discard, r.from); err != nil && !ended(err) {
		return err
	}
	c.close()
	return nil
}

// written is a whole answer as HTTP/1.1 has it.
func written(code int, body, method string) string {
	kind := "text/plain; charset=utf-8"
	switch {
	case strings.HasPrefix(body, "<"):
		kind = "application/xml"
	case strings.HasPrefix(body, "{"), strings.HasPrefix(body, "["):
		kind = "application/json"
	}
	out := fmt.Sprintf("HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
		code, http.StatusText(code), time.Now().UTC().Format(http.TimeFormat), kind, len(body))
	if method == http.MethodHead {
		return out
	}
	return out + body
}
