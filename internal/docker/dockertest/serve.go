package dockertest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/k2-platform/faultline/internal/docker"
)

// ServeHTTP implements http.Handler.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	odd := e.odd[r.Method+" "+r.URL.Path]
	e.mu.Unlock()
	if odd != (Answer{}) {
		w.WriteHeader(odd.Status)
		_, _ = w.Write([]byte(odd.Body))
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containers/{name}/json", e.on(func(w http.ResponseWriter, _ *http.Request, c *Container) error {
		answer(w, http.StatusOK, inspected(c))
		return nil
	}))
	for what, do := range map[string]func(*Container) error{
		"start": e.start, "stop": e.stop, "kill": e.kill, "restart": e.restart, "pause": pause, "unpause": unpause,
	} {
		mux.HandleFunc("POST /containers/{name}/"+what, e.on(func(w http.ResponseWriter, _ *http.Request, c *Container) error {
			if err := do(c); err != nil {
				return err
			}
			w.WriteHeader(http.StatusNoContent)
			return e.keep()
		}))
	}
	mux.HandleFunc("GET /networks/{net}", e.network)
	mux.HandleFunc("POST /networks/{net}/{what}", e.network)
	mux.ServeHTTP(w, r)
}

// on finds the container of a request, by name or id.
func (e *Engine) on(do func(http.ResponseWriter, *http.Request, *Container) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c := e.find(r.PathValue("name"))
		if c == nil {
			answer(w, http.StatusNotFound, map[string]string{"message": "No such container: " + r.PathValue("name")})
			return
		}
		if err := do(w, r, c); err != nil {
			answer(w, http.StatusConflict, map[string]string{"message": err.Error()})
		}
	}
}

func (e *Engine) find(container string) *Container {
	if c, ok := e.have[container]; ok {
		return c
	}
	for _, c := range e.have {
		if c.ID == container {
			return c
		}
	}
	return nil
}

func (e *Engine) start(c *Container) error {
	if !c.State.Running {
		e.begin(c)
	}
	return nil
}

func (e *Engine) stop(c *Container) error {
	if c.State.Running {
		e.end(c)
	}
	return nil
}

func (e *Engine) restart(c *Container) error {
	if err := e.stop(c); err != nil {
		return err
	}
	return e.start(c)
}

func (e *Engine) kill(c *Container) error {
	if !c.State.Running {
		return errConflict
	}
	e.end(c)
	return nil
}

func pause(c *Container) error {
	if !c.State.Running || c.State.Paused {
		return errConflict
	}
	c.State.Paused, c.State.Status = true, "paused"
	return nil
}

func unpause(c *Container) error {
	if !c.State.Paused {
		return errConflict
	}
	c.State.Paused, c.State.Status = false, "running"
	return nil
}

// network answers for one; what it is asked to do is in the body.
func (e *Engine) network(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Container      string
		EndpointConfig docker.Place
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	name := r.PathValue("net")
	if !e.nets[name] {
		answer(w, http.StatusNotFound, map[string]string{"message": "network " + name + " not found"})
		return
	}
	if r.Method == http.MethodGet {
		answer(w, http.StatusOK, map[string]string{"Name": name})
		return
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	c := e.find(in.Container)
	if c == nil {
		answer(w, http.StatusNotFound, map[string]string{"message": "No such container: " + in.Container})
		return
	}
	_, on := c.Nets[name]
	switch what := r.PathValue("what"); {
	case what == "connect" && !on:
		c.Nets[name] = in.EndpointConfig
	case what == "disconnect" && on:
		delete(c.Nets, name)
	default:
		answer(w, http.StatusForbidden, map[string]string{"message": fmt.Sprintf("container %s: %s %s: it is so already", c.ID, what, name)})
		return
	}
	if err := e.keep(); err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"message": err.Error()})
		return
	}
	w.WriteHeader(http.StatusOK)
}

// inspected is a container as it is shown: with the addresses that it has.
func inspected(c *Container) docker.Container {
	out := c.Container
	out.Settings.Networks = map[string]docker.Endpoint{}
	for name, p := range c.Nets {
		e := docker.Endpoint{Place: p, NetworkID: name, IPv4: "172.18.0.2"}
		if p.IPAM != nil {
			e.IPv4, e.IPv6 = p.IPAM.IPv4, p.IPAM.IPv6
		}
		out.Settings.Networks[name] = e
	}
	return out
}
