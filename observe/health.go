package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// HealthConfig configures Health. Of HTTP, TCP and Kafka at least one is
// needed; where several are given, all must be well.
type HealthConfig struct {
	Service string        // the reading is healthy.<Service>
	HTTP    string        // URL that answers 200
	TCP     string        // host:port that accepts a connection
	Kafka   string        // host:port that answers a metadata request; several with commas: each does
	Timeout time.Duration // of each check, default 2 s
	Client  *http.Client
	Now     func() time.Time
}

// Validate reports all problems.
func (c HealthConfig) Validate() error {
	return errors.Join(needed("service", c.Service), notNegative("health timeout", c.Timeout),
		needed("health check of "+c.Service, c.HTTP+c.TCP+c.Kafka))
}

// Health says whether one service is well: 1 or 0. No answer in time is 0:
// that is what being unwell looks like from outside.
type Health struct {
	cfg HealthConfig
	now func() time.Time
}

// NewHealth makes a Health sampler.
func NewHealth(cfg HealthConfig) (*Health, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Timeout = orElse(cfg.Timeout, 2*time.Second)
	if cfg.Client == nil {
		cfg.Client = newClient()
	}
	return &Health{cfg: cfg, now: clock(cfg.Now)}, nil
}

// Sample checks the service once. There is no reading only when the caller
// cut the check short.
func (h *Health) Sample(ctx context.Context) ([]Reading, error) {
	metric := "healthy." + h.cfg.Service
	err := errors.Join(
		h.check(ctx, h.cfg.HTTP, h.http), h.check(ctx, h.cfg.TCP, h.tcp), h.check(ctx, h.cfg.Kafka, h.kafka))
	out := taken{at: h.now()}
	switch {
	case ctx.Err() != nil:
		out.miss(ctx.Err(), metric)
	case err != nil:
		out.add(metric, 0)
	default:
		out.add(metric, 1)
	}
	return out.result()
}

func (h *Health) check(ctx context.Context, where string, ask func(context.Context, string) error) error {
	if where == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.Timeout)
	defer cancel()
	return ask(ctx, where)
}

func (h *Health) http(ctx context.Context, url string) error {
	resp, _, err := get(ctx, h.cfg.Client, url, nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}

func (h *Health) tcp(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", addr, err)
	}
	return conn.Close()
}

// kafka asks with a client of its own: one that lived on might answer from
// what another broker told it.
func (h *Health) kafka(ctx context.Context, addrs string) error {
	for addr := range strings.SplitSeq(addrs, ",") {
		if err := askBroker(ctx, addr); err != nil {
			return err
		}
	}
	return nil
}

func askBroker(ctx context.Context, addr string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.RequestRetries(0))
	if err != nil {
		return fmt.Errorf("building Kafka client for %s: %w", addr, err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).BrokerMetadata(ctx); err != nil {
		return fmt.Errorf("asking %s for metadata: %w", addr, err)
	}
	return nil
}
