// Package kube speaks as much of Kubernetes' API as faults on pods need:
// https://kubernetes.io/docs/reference/kubernetes-api/. It watches nothing, and
// keeps no connection from one call to the next.
package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
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
			Timeout: answerWithin,
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

// longestAnswer is far more than a page of pods.
const longestAnswer = 64 << 20

// call sends in as JSON and reads out, where they are not nil.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	if err := c.ask(ctx, method, path, in, out); err != nil {
		return fmt.Errorf("asking the cluster at %s, %s %s: %w", c.server, method, path, err)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string, in, out any) (err error) {
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("%w: reading its answer: %w", ErrUnreachable, err)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return &Error{res.StatusCode, message(raw, res.Status)}
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("reading its answer: %w", err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.server+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != nil {
		token, err := c.token()
		if err != nil {
			return nil, fmt.Errorf("reading the account's token: %w", err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// at is a path whose parts are escaped: a name leads to no other one.
func at(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}
