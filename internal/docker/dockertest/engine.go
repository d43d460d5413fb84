// Package dockertest is a container engine for tests: it answers as Docker's
// does, and runs nothing.
package dockertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/internal/process"
)

// Engine is an http.Handler. Open makes one.
type Engine struct {
	// Revive says that a container which was ended runs again at once, as by
	// somebody else.
	Revive bool
	// File keeps the containers for an engine that is opened later; "" keeps
	// them in memory.
	file string

	mu   sync.Mutex
	have map[string]*Container // by name
	nets map[string]bool
	runs int
	odd  map[string]Answer
}

// Container is one of an Engine.
type Container struct {
	docker.Container

	// Nets are where it is now.
	Nets map[string]docker.Place `json:"nets"`
}

// kept is what an engine keeps in its file.
type kept struct {
	Containers *map[string]*Container
	Networks   *map[string]bool
}

// Answer is what an Engine says instead of what it would.
type Answer struct {
	Status int
	Body   string
}

// Open reads what another engine kept in file, if there is one.
func Open(file string) (*Engine, error) {
	e := &Engine{file: file, have: map[string]*Container{}, nets: map[string]bool{}, odd: map[string]Answer{}}
	if file == "" {
		return e, nil
	}
	raw, err := os.ReadFile(file) //nolint:gosec // of a test
	if errors.Is(err, os.ErrNotExist) {
		return e, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &kept{&e.have, &e.nets})
	}
	return e, err
}

// Add adds a container that runs, on networks at its places there. Its id is
// made of its name. change, if not nil, makes it another one.
func (e *Engine) Add(name string, nets map[string]docker.Place, change func(*Container)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &Container{Nets: nets}
	if c.Nets == nil {
		c.Nets = map[string]docker.Place{}
	}
	for n := range nets {
		e.nets[n] = true
	}
	e.runs++
	c.ID, c.Name = fmt.Sprintf("%064x", name+strconv.Itoa(e.runs)), "/"+name
	c.HostConfig.NetworkMode = "bridge"
	e.begin(c)
	if change != nil {
		change(c)
	}
	e.have[name] = c
	return e.keep()
}

// Remove removes a container, or a network.
func (e *Engine) Remove(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.have, name)
	delete(e.nets, name)
}

// Change changes a container.
func (e *Engine) Change(name string, how func(*Container)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	how(e.have[name])
}

// Now is a copy of a container.
func (e *Engine) Now(name string) Container {
	e.mu.Lock()
	defer e.mu.Unlock()
	return *e.have[name]
}

// Says has a request, such as "POST /containers/ID/start", answered so. The
// zero Answer has it answered as it would be.
func (e *Engine) Says(request string, a Answer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.odd[request] = a
}

func (e *Engine) begin(c *Container) {
	e.runs++
	c.State.Status, c.State.Running, c.State.Paused, c.State.Restarting = "running", true, false, false
	c.State.StartedAt = time.Now().UTC().Format(time.RFC3339Nano) + strconv.Itoa(e.runs)
	c.State.PID = 1 << 30 // of nobody
}

func (e *Engine) end(c *Container) {
	c.State.Status, c.State.Running, c.State.Paused, c.State.PID = "exited", false, false, 0
	if e.Revive {
		e.begin(c)
	}
}

func (e *Engine) keep() error {
	if e.file == "" {
		return nil
	}
	raw, err := json.Marshal(kept{&e.have, &e.nets})
	if err != nil {
		return err
	}
	return process.WriteFile(e.file, raw, 0o600)
}

var errConflict = errors.New("the container's state does not allow that")

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// Has says whether there is a container of that name.
func (e *Engine) Has(name string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.have[name] != nil
}
