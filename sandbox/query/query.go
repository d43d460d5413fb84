// Package query is the platform's HTTP API over the stored trades. It reads
// the lake only: what is not in a snapshot does not exist for it. What it does
// when the lake cannot be read, or when it has no processor time to read it,
// it says in its answers.
package query

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/service"
)

// Name is the service's name in records and reports.
const Name = "query"

// Config says what is served.
type Config struct {
	Home    string
	Addr    string // host:port to listen at; "" = that of the last start, or a free loopback port
	Lake    lake.Config
	Group   string // folder of the control group to run in; "" = the one it is started in
	Defects defect.Set
}

// Run serves the API until ctx ends.
func Run(ctx context.Context, c Config) (err error) {
	if err := service.Join(c.Group); err != nil {
		return err
	}
	s, err := service.Open(ctx, service.Config{Home: c.Home, Name: Name, Addr: c.Addr})
	if err != nil {
		return err
	}
	l, err := lake.Open(ctx, c.Lake)
	if err != nil {
		return errors.Join(fmt.Errorf("opening the lake: %w", err), s.Close())
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	a := newAPI(l, c.Defects)
	a.meters = newMeters(s.Metrics, a)
	s.Mux.HandleFunc("GET /api/v1/trades", a.trades)
	s.Mux.HandleFunc("GET /status", a.status)
	s.SetHealth(a.health)
	return s.Serve(ctx, a.work)
}

func newAPI(l source, d defect.Set) *api {
	storage := newStorage(l, d)
	return &api{pages: newPages(storage), storage: storage, strain: newStrain(d), gate: make(gate, mostAtOnce), defects: d}
}

// work is what goes on beside the answers, until ctx ends.
func (a *api) work(ctx context.Context) error {
	var beside sync.WaitGroup
	for _, run := range []func(context.Context){a.pages.follow, a.storage.patrol, a.strain.watch} {
		beside.Go(func() { run(ctx) })
	}
	beside.Wait()
	return nil
}
