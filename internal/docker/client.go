// Package docker speaks as much of Docker's Engine API as faults on
// containers need: https://docs.docker.com/reference/api/engine/. Podman's
// engine answers the same calls. It keeps no connection from one call to the next.
package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/k2-platform/faultline/internal/jsoncall"
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

// call asks for a path without a version, which every engine takes as its
// newest: what is read here has been the same since version 1.24. in is sent as
// JSON and out read from it, where they are not nil. What is so already (304) is
// no error.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	err := jsoncall.Do(ctx, c.http, "", method, c.base+path, in, out)
	if refusal, is := errors.AsType[*jsoncall.Refusal](err); is {
		if refusal.Status == http.StatusNotModified {
			return nil
		}
		err = (*Error)(refusal)
	}
	if err != nil {
		return fmt.Errorf("asking the engine at %s, %s %s: %w", c.engine, method, path, err)
	}
	return nil
}

// Engine is the URL that the client was opened with.
func (c *Client) Engine() string { return c.engine }
