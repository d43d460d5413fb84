// Package sandbox starts, watches and stops a small K2-shaped platform of
// separate processes. It breaks nothing and mends no fault: a service that a
// receipt names is the agent's business.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/service"
)

const (
	supervisorName = "supervisor"
	startWithin    = 30 * time.Second // from start to healthy
	askWithin      = 3 * time.Second
	lookEvery      = 500 * time.Millisecond
	longestRest    = 30 * time.Second // between restarts of a service that keeps ending
)

// Config says how to start the platform. Home and Self are needed.
type Config struct {
	Home     string
	Self     []string // argv before the service's name, such as /x/faultlined sandbox
	Trades   string   // folder of recorded trades; "" = generated
	Rate     int      // trades a second; 0 = ingest's default
	Seed     uint64   // of the generator
	Store    bool     // start the object store too
	Kafka    string   // a Kafka that is there, host:port with commas between; "" = the sandbox's own
	Registry string   // URL of a registry that is there; "" = the sandbox's own
	StoreAt  string   // an object store that is there, host:port, which links lead to; "" = the sandbox's own
	LakeArgs []string // added to the commands of sink and query
	Defects  defect.Set
	Memory   int64   // limit of ingestion's memory, in bytes, which takes root; 0 = none
	CPU      float64 // processors that the query service may use, which takes root; 0 = as many as there are
	// Proxy is argv of a Kafka proxy, such as /x/faultline kafka-proxy, that
	// stands between Kafka and its clients; nil = none does.
	Proxy []string
	// Links is argv of a link proxy, such as /x/faultline link-proxy, that stands
	// between that store and those who keep tables in it; nil = none does.
	Links []string
	// Platform gives the content of <home>/sandbox/platform.yaml; nil = no file.
	Platform func(Addresses) ([]byte, error)
	// Held says whether a receipt names the service; nil = never.
	Held func(name string) bool
}

// Validate joins all that is missing.
func (c Config) Validate() error {
	var problems []error
	if c.Home == "" {
		problems = append(problems, errors.New("home must be set"))
	}
	if len(c.Self) == 0 {
		problems = append(problems, errors.New("self must name the binary that runs the services"))
	}
	if len(c.Proxy) > 0 {
		problems = append(problems, checkProxy(c.Home))
	}
	if len(c.Links) > 0 {
		problems = append(problems, checkLinks(c))
	}
	return errors.Join(problems...)
}

func (c Config) held(name string) bool { return c.Held != nil && c.Held(name) }

// supervisor is one run of Up.
type supervisor struct {
	cfg  Config
	http *http.Client
	// groups are the folders of the control groups of services that have one.
	groups map[string]string
	next   map[string]time.Time     // earliest restart
	rest   map[string]time.Duration // how long to wait after that one
	// started are the processes that this supervisor began: one that has not
	// written its record yet is found nowhere else.
	started []process.Record
}

// Up starts what does not run yet, calls ready (if not nil) once all is
// healthy, and watches until ctx ends. Then it stops everything by record.
func Up(ctx context.Context, c Config, ready func(Addresses)) error {
	home, err := filepath.Abs(c.Home)
	if err != nil {
		return fmt.Errorf("finding the home folder: %w", err)
	}
	if c.Home != "" {
		c.Home = home
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("configuring the sandbox: %w", err)
	}
	if err := claim(ctx, home); err != nil {
		return err
	}
	s := &supervisor{cfg: c, http: &http.Client{Timeout: askWithin}, groups: map[string]string{}, next: map[string]time.Time{}, rest: map[string]time.Duration{}}
	defer s.http.CloseIdleConnections()
	var at Addresses
	for _, b := range c.bounds() {
		if s.groups[b.service], err = b.make(home); err != nil {
			break
		}
	}
	if err == nil {
		at, err = s.startAll(ctx)
	}
	if err == nil {
		err = s.publish(at)
	}
	if err == nil {
		if ready != nil {
			ready(at)
		}
		s.watch(ctx)
	}
	if ctx.Err() != nil {
		err = nil // asked to end, in the middle of a start perhaps
	}
	ctx = context.WithoutCancel(ctx)
	return errors.Join(err, stopAll(ctx, home), s.stopStarted(ctx))
}

// claim writes the supervisor's record unless another one lives.
func claim(_ context.Context, home string) error {
	if err := os.MkdirAll(service.Dir(home), 0o750); err != nil {
		return fmt.Errorf("making the sandbox folder: %w", err)
	}
	path := service.RecordPath(home, supervisorName)
	if other, err := process.Read(path); err == nil && other.PID != os.Getpid() && other.Alive() {
		return fmt.Errorf("a sandbox already runs in %s (pid %d); stop it with down, or choose another home", home, other.PID)
	}
	self, err := process.Self(supervisorName, "")
	if err == nil {
		err = self.Write(path)
	}
	if err != nil {
		return fmt.Errorf("writing the supervisor's record: %w", err)
	}
	return nil
}

func (s *supervisor) startAll(ctx context.Context) (Addresses, error) {
	at := Addresses{Kafka: s.cfg.Kafka, Registry: s.cfg.Registry, Store: s.cfg.StoreAt}
	if err := s.topics(ctx); err != nil {
		return at, err
	}
	for _, name := range s.cfg.names() {
		if rec, err := process.Read(service.RecordPath(s.cfg.Home, name)); err != nil || !rec.Alive() {
			if s.cfg.held(name) {
				return at, fmt.Errorf("starting %s: a live receipt names it; roll that fault back first", name)
			}
			if err := s.start(ctx, name, at); err != nil {
				return at, err
			}
		}
		addr, err := s.await(ctx, name)
		if err != nil {
			return at, err
		}
		if err := at.set(s.cfg.Home, name, addr); err != nil {
			return at, err
		}
	}
	return at, nil
}

// topics makes them on a Kafka that is not the sandbox's own, which does so
// itself.
func (s *supervisor) topics(ctx context.Context) error {
	if s.cfg.Kafka == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	return broker.CreateTopics(ctx, strings.Split(s.cfg.Kafka, ","), broker.ClusterReplicas)
}

func (s *supervisor) start(ctx context.Context, name string, at Addresses) error {
	argv, err := s.cfg.command(ctx, name, at)
	if group := s.groups[name]; group != "" {
		argv = append(argv, "--control-group", group)
	}
	if err == nil {
		err = s.begin(ctx, process.Record{
			Name: name, Command: argv, Dir: s.cfg.Home, Log: filepath.Join(service.Dir(s.cfg.Home), name+".log"),
		})
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	return nil
}

func (s *supervisor) begin(ctx context.Context, r process.Record) error {
	started, err := process.Start(ctx, r)
	if err != nil {
		return err
	}
	s.started = append(slices.DeleteFunc(s.started, func(r process.Record) bool { return !r.Alive() }), started)
	return nil
}

// stopStarted ends what was started and has no record.
func (s *supervisor) stopStarted(ctx context.Context) error {
	var errs []error
	for _, r := range s.started {
		errs = append(errs, end(ctx, r, termWithin))
	}
	return errors.Join(errs...)
}

// await waits until the service's own record names a live process that says
// it is healthy.
func (s *supervisor) await(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	last := errors.New("it wrote no record")
	for {
		rec, err := process.Read(service.RecordPath(s.cfg.Home, name))
		if err == nil && rec.Alive() {
			if last = s.ask(ctx, name, rec.Addr); last == nil {
				return rec.Addr, nil
			}
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for %s: %w; see %s.log in %s", name, last, name, service.Dir(s.cfg.Home))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *supervisor) ask(ctx context.Context, name, addr string) error {
	if name == ProxyName || name == LinksName {
		return askProxy(ctx, addr)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/health", nil)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	res, err := s.http.Do(req)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	if err := res.Body.Close(); err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("health is %s", res.Status)
	}
	return nil
}

func (s *supervisor) publish(at Addresses) error {
	if s.cfg.Platform == nil {
		return nil
	}
	text, err := s.cfg.Platform(at)
	if err != nil {
		return fmt.Errorf("describing the platform: %w", err)
	}
	path := filepath.Join(service.Dir(s.cfg.Home), "platform.yaml")
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return fmt.Errorf("writing platform.yaml: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing platform.yaml: %w", err)
	}
	return nil
}

// watch starts again what ended by itself. A receipt is on disk before its
// fault exists, so whatever a fault ended is held by the time it is seen here.
func (s *supervisor) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
		for _, name := range s.cfg.names() {
			s.look(ctx, name)
		}
	}
}

func (s *supervisor) look(ctx context.Context, name string) {
	rec, err := process.Read(service.RecordPath(s.cfg.Home, name))
	if err != nil || rec.Alive() || s.cfg.held(name) || time.Now().Before(s.next[name]) {
		return
	}
	s.rest[name] = min(max(time.Second, 2*s.rest[name]), longestRest)
	s.next[name] = time.Now().Add(s.rest[name])
	slog.WarnContext(ctx, "service ended, starting it again", "target", name)
	if ctx.Err() != nil || s.cfg.held(name) { // the last look before the start
		return
	}
	if err := s.begin(ctx, rec); err != nil {
		slog.ErrorContext(ctx, "service not started", "target", name, "error", err)
	}
}
