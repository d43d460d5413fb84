package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/internal/guard"
	"github.com/k2-platform/faultline/internal/pause"
)

// Client asks a proxy. A copy is as good; it keeps no connection.
type Client struct {
	// Address is that of Listen.
	Address string
	// TokenFile holds the token that a proxy on the loopback asks for.
	TokenFile string
	// Run is the life of the proxy that is meant; another one is ErrOtherRun. ""
	// is whichever answers.
	Run string
}

// answerWithin bounds one answer; a proxy that is not heard by then may be
// frozen, or busy.
const answerWithin = 5 * time.Second

const (
	longestAnswer = 32 << 20
	mostTries     = 10
	betweenTries  = 20 * time.Millisecond
)

// Plan asks what speaks against a fault. It gives the run of the proxy.
func (c Client) Plan(ctx context.Context, q Question) (run string, err error) {
	var a Answer
	err = c.ask(ctx, http.MethodPost, "/v1/plan", q, &a)
	return a.Run, err
}

// Put puts a fault in force.
func (c Client) Put(ctx context.Context, receipt string, f Fault) (State, error) {
	return c.one(ctx, http.MethodPut, receipt, "", f)
}

// Get looks at one fault.
func (c Client) Get(ctx context.Context, receipt string) (State, error) {
	return c.one(ctx, http.MethodGet, receipt, "", nil)
}

// Keep renews the lease of a fault in force.
func (c Client) Keep(ctx context.Context, receipt string) error {
	_, err := c.one(ctx, http.MethodPost, receipt, "/keep", struct{}{})
	return err
}

// Lift ends a fault.
func (c Client) Lift(ctx context.Context, receipt string) error {
	_, err := c.one(ctx, http.MethodDelete, receipt, "", nil)
	return err
}

// Status tells of the proxy and all that is in force.
func (c Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.ask(ctx, http.MethodGet, "/v1/faults", nil, &s)
	return s, err
}

func (c Client) one(ctx context.Context, method, receipt, more string, body any) (State, error) {
	if err := checkReceipt(receipt); err != nil {
		return State{}, err
	}
	var s State
	err := c.ask(ctx, method, "/v1/faults/"+url.PathEscape(receipt)+more, body, &s)
	return s, err
}

func (c Client) ask(ctx context.Context, method, path string, body, into any) error {
	err := c.send(ctx, method, path, body, into)
	// A proxy that ends under a request resets it; asked again it is gone, or
	// answers. Each request may come twice.
	for try := 1; broken(err) && try < mostTries && pause.For(ctx, betweenTries); try++ {
		err = c.send(ctx, method, path, body, into)
	}
	if err != nil {
		return fmt.Errorf("asking the proxy at %s: %w", c.Address, err)
	}
	return nil
}

// unanswered is a connection that ended before the answer. Package http says
// so in several ways, of which not all can be told apart.
type unanswered struct{ error }

func (u unanswered) Unwrap() error { return u.error }

// broken says that asking again may help; waiting longer would not.
func broken(err error) bool {
	_, cut := errors.AsType[unanswered](err)
	return cut && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled)
}

func (c Client) send(ctx context.Context, method, path string, body, into any) error {
	network, at, err := where(c.Address)
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, answerWithin)
	defer stop()
	r, noToken, err := c.request(ctx, method, path, body, network, at)
	if err != nil {
		return err
	}
	res, err := c.http(network, at).Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, fs.ErrNotExist) {
		return errors.Join(ErrGone, err)
	}
	if err != nil {
		return unanswered{err}
	}
	err = answer(res, into)
	if res.StatusCode == http.StatusUnauthorized {
		err = errors.Join(err, noToken)
	}
	return errors.Join(err, res.Body.Close())
}

// request also says why it carries no token; that matters to a proxy which
// is there and asks for one.
func (c Client) request(ctx context.Context, method, path string, body any, network, at string) (r *http.Request, noToken, err error) {
	host := "localhost"
	if network == "tcp" {
		host = at
	}
	var raw []byte
	if body != nil {
		if raw, err = json.Marshal(body); err != nil {
			return nil, nil, fmt.Errorf("writing the request: %w", err)
		}
	}
	target := httpScheme + host + path + "?" + url.Values{"run": {c.Run}}.Encode()
	if r, err = http.NewRequestWithContext(ctx, method, target, bytes.NewReader(raw)); err != nil {
		return nil, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.TokenFile != "" && network == "tcp" {
		var token string
		if token, noToken = guard.ReadToken(c.TokenFile); noToken == nil {
			r.Header.Set("Authorization", "Bearer "+token)
		}
	}
	return r, noToken, nil
}

func (c Client) http(network, at string) *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, at)
	}
	return &http.Client{
		Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer reads what came back, and what it means.
func answer(res *http.Response, into any) error {
	raw, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return unanswered{fmt.Errorf("reading its answer: %w", err)}
	}
	if res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(raw, into); err != nil {
			return fmt.Errorf("reading its answer: %w; is it a fault proxy of this version?", err)
		}
		return nil
	}
	var said struct {
		Problem string `json:"problem"`
	}
	if err := json.Unmarshal(raw, &said); err != nil || said.Problem == "" {
		return fmt.Errorf("it says %s; is it a fault proxy?", res.Status)
	}
	for _, o := range outcomes() {
		if o.status == res.StatusCode {
			return told{o.is, said.Problem}
		}
	}
	return errors.New(said.Problem)
}

// told is a refusal in the proxy's own words.
type told struct {
	is   error
	text string
}

func (t told) Error() string { return t.text }
func (t told) Unwrap() error { return t.is }
