// Package docker speaks as much of Docker's Engine API as faults on
// containers need: https://docs.docker.com/reference/api/engine/. Podman's
// engine answers the same calls. It keeps no connection from one call to the next.
package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// ErrNotFound says that the engine has no such container or network.
var ErrNotFound = errors.New("the engine does not know it")

// ErrConflict says that the container is not in a state for what was asked.
var ErrConflict = errors.New("its state does not allow that")

// Error is a refusal of the engine, in its own words. It is ErrNotFound or
// ErrConflict where its status says so.
type Error struct {
	Status  int
	Message string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("the engine says %d: %s", e.Status, e.Message) }

// Is implements the interface of errors.Is.
func (e *Error) Is(target error) bool {
	return e.Status == http.StatusNotFound && target == ErrNotFound || e.Status == http.StatusConflict && target == ErrConflict
}

// Client asks one engine. Its methods may be called at once.
type Client struct {
	engine string
	base   string
	http   *http.Client
}

// Open gives a client of the engine at unix:///path, tcp://host:port,
// http://host:port, or https://host:port whose certificate this machine trusts.
// It connects only when it is asked something.
func Open(engine string) (*Client, error) {
	u, err := url.Parse(engine)
	if err != nil {
		return nil, fmt.Errorf("reading the engine's URL: %w", err)
	}
	c := &Client{engine: engine}
	transport := &http.Transport{DisableKeepAlives: true}
	switch {
	case u.Scheme == "unix" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		c.base = "http://engine" // a name that is looked up nowhere
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", u.Path)
		}
	case u.Scheme == "tcp" && u.Host != "":
		c.base = "http://" + u.Host
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		c.base = u.Scheme + "://" + u.Host
	default:
		return nil, fmt.Errorf("engine %q: write the URL of its API, such as unix:///var/run/docker.sock or tcp://host:2375", engine)
	}
	c.http = &http.Client{Transport: transport}
	return c, nil
}

// longestAnswer is far more than an engine says of one container.
const longestAnswer = 8 << 20

// call asks for a path without a version, which every engine takes as its
// newest: what is read here has been the same since version 1.24. in is sent as
// JSON and out read from it, where they are not nil. What is so already (304) is
// no error.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	if err := c.ask(ctx, method, path, in, out); err != nil {
		return fmt.Errorf("asking the engine at %s, %s %s: %w", c.engine, method, path, err)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string, in, out any) (err error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("reading its answer: %w", err)
	case res.StatusCode == http.StatusNotModified:
		return nil
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

// message is what the engine says in {"message": …}.
func message(raw []byte, otherwise string) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &said) == nil && said.Message != "" {
		return said.Message
	}
	return otherwise
}

// Engine is the URL that the client was opened with.
func (c *Client) Engine() string { return c.engine }
