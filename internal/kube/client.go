// Package kube speaks as much of Kubernetes' API as faults on pods need:
// https://kubernetes.io/docs/reference/kubernetes-api/. It watches nothing, and
// keeps no connection from one call to the next.
package kube

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/k2-platform/faultline/internal/jsoncall"
)

// Client asks one cluster. Its methods may be called at once.
type Client struct {
	server string
	http   *http.Client
	token  func() (string, error) // nil: none is sent
}

// Open gives a client for an access that Find found. It connects only when it
// is asked something.
func Open(a Access) (*Client, error) {
	c, err := a.credentials()
	if err != nil {
		return nil, err
	}
	return &Client{
		server: strings.TrimSuffix(a.Server, "/"), token: c.token,
		http: &http.Client{
			Timeout:   answerWithin,
			Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: c.tls},
			// The token is for the server that was named, and for no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// answerWithin is for one call: a try that gets no answer leaves time for the
// next one.
const answerWithin = 10 * time.Second

// credentials are how a server is known, and how it knows whom it answers.
type credentials struct {
	tls   *tls.Config
	token func() (string, error)
}

// call sends in as JSON and reads out, where they are not nil.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	if err := c.ask(ctx, method, path, in, out); err != nil {
		return fmt.Errorf("asking the cluster at %s, %s %s: %w", c.server, method, path, err)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string, in, out any) error {
	token := ""
	if c.token != nil {
		var err error
		if token, err = c.token(); err != nil {
			return fmt.Errorf("reading the account's token: %w", err)
		}
	}
	err := jsoncall.Do(ctx, c.http, token, method, c.server+path, in, out)
	if refusal, is := errors.AsType[*jsoncall.Refusal](err); is {
		return (*Error)(refusal)
	}
	if errors.Is(err, jsoncall.ErrNoAnswer) {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// at is a path whose parts are escaped: a name leads to no other one.
func at(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}
