package docker

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Container is what the engine says of one.
type Container struct {
	ID         string          `json:"Id"`
	Name       string          `json:"Name"` // with a slash before it
	State      State           `json:"State"`
	HostConfig HostConfig      `json:"HostConfig"`
	Settings   NetworkSettings `json:"NetworkSettings"`
}

// State is how a container is.
type State struct {
	Status     string `json:"Status"`  // created, running, paused, restarting, removing, exited or dead
	Running    bool   `json:"Running"` // also while it is paused, or its policy restarts it
	Paused     bool   `json:"Paused"`
	Restarting bool   `json:"Restarting"`
	PID        int    `json:"Pid"` // of its first process, as the engine's machine counts; 0: none
	StartedAt  string `json:"StartedAt"`
	// Health is nil where the container has no check of it.
	Health *Health `json:"Health"`
}

// Health is what the container's own check says.
type Health struct {
	Status string `json:"Status"` // starting, healthy or unhealthy
}

// Healthy says that the container's own check passes, or that it has none.
func (s State) Healthy() bool {
	return s.Health == nil || s.Health.Status == "" || s.Health.Status == "none" || s.Health.Status == "healthy"
}

// HostConfig is what a container was made with.
type HostConfig struct {
	AutoRemove    bool   `json:"AutoRemove"`
	NetworkMode   string `json:"NetworkMode"`
	RestartPolicy struct {
		Name string `json:"Name"` // "" or no, always, unless-stopped, on-failure
	} `json:"RestartPolicy"`
}

// NetworkSettings are the networks that a container is on, by name.
type NetworkSettings struct {
	Networks map[string]Endpoint `json:"Networks"`
}

// errOdd says that an answer is not one that an engine gives.
var errOdd = errors.New("that is no answer of a container engine")

// Inspect finds a container by its name or id; ErrNotFound where there is none.
func (c *Client) Inspect(ctx context.Context, container string) (Container, error) {
	var out Container
	if err := c.call(ctx, http.MethodGet, of(container, "json"), nil, &out); err != nil {
		return Container{}, err
	}
	if out.ID == "" || out.State.Status == "" {
		return Container{}, fmt.Errorf("asking the engine at %s for container %s: %w: it names no id, or no state", c.engine, container, errOdd)
	}
	out.Name = strings.TrimPrefix(out.Name, "/")
	return out, nil
}

// Start starts a container unless it runs.
func (c *Client) Start(ctx context.Context, container string) error {
	return c.call(ctx, http.MethodPost, of(container, "start"), nil, nil)
}

// Stop has a container's first process asked to end, and killed when the
// grace, in whole seconds, is over. The engine goes on with it when ctx has ended.
func (c *Client) Stop(ctx context.Context, container string, grace time.Duration) error {
	seconds := strconv.Itoa(int(math.Ceil(grace.Seconds())))
	return c.call(ctx, http.MethodPost, of(container, "stop?t="+seconds), nil, nil)
}

// Kill kills a container (SIGKILL). One that does not run is ErrConflict. Its
// restart policy does not bring it back.
func (c *Client) Kill(ctx context.Context, container string) error {
	return c.call(ctx, http.MethodPost, of(container, "kill?signal=KILL"), nil, nil)
}

// Restart kills a container that runs, without grace, and starts it. The engine
// does both when ctx has ended in between, too.
func (c *Client) Restart(ctx context.Context, container string) error {
	return c.call(ctx, http.MethodPost, of(container, "restart?t=0"), nil, nil)
}

// Pause freezes the processes of a container. One that is paused, or does not
// run, is ErrConflict.
func (c *Client) Pause(ctx context.Context, container string) error {
	return c.call(ctx, http.MethodPost, of(container, "pause"), nil, nil)
}

// Unpause lets them go on. A container that is not paused is ErrConflict.
func (c *Client) Unpause(ctx context.Context, container string) error {
	return c.call(ctx, http.MethodPost, of(container, "unpause"), nil, nil)
}

func of(container, what string) string {
	return "/containers/" + url.PathEscape(container) + "/" + what
}
