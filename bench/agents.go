package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// host has an agent, and targets for it. The bench is the controller that
// leads it, over a NATS with keys as the pipeline's own.
type host struct {
	*arena
	bin, home  string
	nats       *embedded.NATS
	controller *halt.Conn
	owner      halt.Owner
	boot       string
	agent      *child
	lives      int
	beat       uint64
	forget     context.CancelFunc // of reports
	forgotten  chan error
}

const agentName = "bench"

func startHost(ctx context.Context, bin, home string, targets int) (_ *host, err error) {
	h := &host{bin: bin, home: home, owner: halt.Owner{Controller: "bench", Epoch: 1}}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.boot, err = ledger.BootID(); err != nil {
		return nil, err
	}
	if h.arena, err = startArena(home, targets); err != nil {
		return nil, err
	}
	s := settings.Settings{Home: home}
	if h.nats, err = embedded.StartNATS(embedded.NATSConfig{Dir: s.NATSDir(), Prefix: halt.DefaultPrefix}); err != nil {
		return nil, err
	}
	if h.controller, err = h.connect(halt.RoleController); err != nil {
		return nil, err
	}
	if err = h.hear(ctx); err != nil {
		return nil, err
	}
	return h, h.startAgent(ctx)
}

// hear takes the agent's reports, and forgets them.
func (h *host) hear(ctx context.Context) error {
	if err := h.controller.OpenOutbox(ctx); err != nil {
		return err
	}
	ctx, h.forget = context.WithCancel(ctx)
	h.forgotten = make(chan error, 1)
	go func() {
		h.forgotten <- h.controller.Take(ctx, func(e halt.Entry) { _ = e.Done() }) // what is not forgotten comes again
	}()
	return nil
}

func (h *host) connect(r halt.Role) (*halt.Conn, error) {
	s := settings.Settings{Home: h.home}
	s.NATS.URL = h.nats.URL()
	return halt.Connect(s.NATSAs(r, "bench", slog.New(slog.DiscardHandler)))
}

// startAgent returns once the agent serves.
func (h *host) startAgent(ctx context.Context) (err error) {
	h.lives++
	log := filepath.Join(h.home, fmt.Sprintf("agent-%d.log", h.lives))
	args := []string{"agent", "--home", h.home, "--name", agentName, "--targets", h.platform}
	if h.nats != nil { // else it is the pipeline's, which the agent finds
		args = append(args, "--nats", h.nats.URL())
	}
	h.agent, err = launch("the agent", log, filepath.Join(h.bin, "faultline"), args...)
	if err != nil {
		return err
	}
	return h.agent.await(ctx, upWithin, h.agent.says("is ready"))
}

func (h *host) close() error {
	var problems []error
	if h.agent != nil {
		problems = append(problems, h.agent.end())
	}
	if h.forget != nil {
		h.forget()
		problems = append(problems, <-h.forgotten)
	}
	if h.controller != nil {
		problems = append(problems, h.controller.Close())
	}
	if h.nats != nil {
		problems = append(problems, h.nats.Close())
	}
	if h.arena != nil {
		problems = append(problems, h.arena.close())
	}
	return errors.Join(problems...)
}

// paused breaks the first n targets, each for an experiment of its own, and
// keeps their leases alive until release is called.
func (h *host) paused(ctx context.Context, name string, n int) (release func(), err error) {
	ids := make([]spec.ExperimentID, n)
	for i := range ids {
		ids[i] = spec.ExperimentID(fmt.Sprintf("%s-%03d", name, i))
	}
	live, stop := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		h.renew(live, ids)
	}()
	release = func() { stop(); <-kept }
	if err := h.inject(ctx, ids); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

func (h *host) inject(ctx context.Context, ids []spec.ExperimentID) error {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	asks, asking := errgroup.WithContext(ctx)
	for i, id := range ids {
		asks.Go(func() error {
			reply, err := h.controller.Inject(asking, agentName, halt.Request{
				Owner: h.owner, Experiment: id, Step: "pause", Fault: spec.Fault{Kind: pause.Kind, Target: h.name(i)},
				MaxLife: spec.Duration(5 * time.Minute), Lease: spec.Duration(settings.DefaultLease),
				NotAfter: halt.Instant{Boot: h.boot, At: ledger.Boottime() + 10*time.Second},
			})
			if err == nil && reply.State != halt.Working && reply.State != halt.There {
				err = fmt.Errorf("pausing %s: the agent says %s: %s", h.name(i), reply.State, reply.Why)
			}
			return err
		})
	}
	if err := asks.Wait(); err != nil {
		return err
	}
	if _, err := h.awaitAll(ctx, len(ids), true); err != nil {
		return err
	}
	return h.there(ctx, ids)
}

// there returns once the agent says of each that its fault is in place: until
// then its ledger has the disk busy.
func (h *host) there(ctx context.Context, ids []spec.ExperimentID) error {
	for _, id := range ids {
		for {
			reply, err := h.controller.Status(ctx, agentName, halt.Status{Experiment: id, Step: "pause"})
			if err != nil {
				return err
			}
			if reply.State == halt.There {
				break
			}
			if err := rest(ctx, 5*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *host) renew(ctx context.Context, ids []spec.ExperimentID) {
	for rest(ctx, settings.DefaultLease/5) == nil {
		h.beat++
		// One that is lost is made up for by the next.
		_ = h.controller.Renew(ctx, halt.Renewal{Owner: h.owner, Beat: h.beat, Lease: spec.Duration(settings.DefaultLease), Experiments: ids})
	}
}

// allGone returns when the last of the first n targets went on.
func (h *host) allGone(ctx context.Context, n int) (time.Time, error) {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	return h.awaitAll(ctx, n, false)
}
