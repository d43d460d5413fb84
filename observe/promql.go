package observe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/api"
	prom "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
)

// PromQLConfig configures PromQL.
type PromQLConfig struct {
	Address string            // of the Prometheus server
	Queries map[string]string // metric → expression that gives one number
	Timeout time.Duration     // of one query, default 5 s
	Client  *http.Client
	Now     func() time.Time
}

// Validate reports all problems.
func (c PromQLConfig) Validate() error {
	problems := []error{needed("Prometheus address", c.Address), notNegative("PromQL timeout", c.Timeout)}
	if len(c.Queries) == 0 {
		problems = append(problems, errors.New("checking sampler: PromQL without a query; name at least one"))
	}
	for metric, query := range c.Queries {
		problems = append(problems, needed("metric of query "+query, metric), needed("query of "+metric, query))
	}
	return errors.Join(problems...)
}

// PromQL asks a Prometheus server.
type PromQL struct {
	cfg PromQLConfig
	now func() time.Time
	api prom.API
}

// NewPromQL makes a PromQL sampler.
func NewPromQL(cfg PromQLConfig) (*PromQL, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Timeout = orElse(cfg.Timeout, 5*time.Second)
	if cfg.Client == nil {
		cfg.Client = newClient()
	}
	client, err := api.NewClient(api.Config{Address: cfg.Address, Client: cfg.Client})
	if err != nil {
		return nil, fmt.Errorf("building Prometheus client for %s: %w", cfg.Address, err)
	}
	return &PromQL{cfg: cfg, now: clock(cfg.Now), api: prom.NewAPI(client)}, nil
}

// Sample asks each query once. An expression that gives no series, or more
// than one, gives no reading.
func (p *PromQL) Sample(ctx context.Context) ([]Reading, error) {
	out := taken{at: p.now()}
	for metric, query := range p.cfg.Queries {
		if value, err := p.ask(ctx, query, out.at); err != nil {
			out.miss(err, metric)
		} else {
			out.add(metric, value)
		}
	}
	return out.result()
}

func (p *PromQL) ask(ctx context.Context, query string, at time.Time) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	result, _, _, err := p.api.Query(ctx, query, at)
	if err != nil {
		return 0, fmt.Errorf("asking %s for %s: %w", p.cfg.Address, query, err)
	}
	var value float64
	switch r := result.(type) {
	case *model.Scalar:
		value = float64(r.Value)
	case model.Vector:
		if len(r) != 1 {
			return 0, fmt.Errorf("asking %s: %s gives %d series; write it so that it gives one, as in sum(...)", p.cfg.Address, query, len(r))
		}
		value = float64(r[0].Value)
	default:
		return 0, fmt.Errorf("asking %s: %s gives a %s; write it so that it gives one number", p.cfg.Address, query, result.Type())
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, fmt.Errorf("asking %s: %s is %v", p.cfg.Address, query, value)
	}
	return value, nil
}
