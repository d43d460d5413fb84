package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/spec"
)

// Proxy passes links on. New makes it, Run serves until its context ends. It
// is safe for concurrent use, and a control.Engine.
type Proxy struct {
	config Config
	links  map[string]*link
	names  []string
	room   chan struct{} // one for each connection

	serving sync.WaitGroup
	setting sync.Mutex
}

var _ control.Engine[rule.Rule] = (*Proxy)(nil)

// New listens for every link. Connections wait until Run is called.
func New(config Config) (*Proxy, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	p := &Proxy{config: config, links: map[string]*link{}, room: make(chan struct{}, config.MaxConnections)}
	for _, l := range config.Links {
		at, err := openPort(l.Listen)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("link %s: %w", l.Name, err), p.Close())
		}
		p.links[l.Name], p.names = newLink(l, at, config.Log), append(p.names, l.Name)
	}
	return p, nil
}

// Addrs are where the links listen, by their names.
func (p *Proxy) Addrs() map[string]string {
	out := map[string]string{}
	for name, l := range p.links {
		out[name] = l.port.addr
	}
	return out
}

// Run serves until ctx ends; then it closes all connections.
func (p *Proxy) Run(ctx context.Context) error {
	for _, l := range p.links {
		p.serving.Go(func() { p.accept(ctx, l) })
	}
	<-ctx.Done()
	err := p.Close()
	for _, l := range p.links {
		l.end()
	}
	p.serving.Wait()
	return err
}

// Close gives the addresses of a proxy away that is not run.
func (p *Proxy) Close() error {
	var problems []error
	for _, l := range p.links {
		problems = append(problems, l.port.close())
	}
	return errors.Join(problems...)
}

// Read is that of control.Config.
func (p *Proxy) Read(receipt string, q control.Question) (rule.Rule, error) {
	l, ok := p.links[q.Link]
	if !ok {
		return rule.Rule{}, fmt.Errorf("%w: the proxy has no link %q: %s", faults.ErrRefused, q.Link, spec.DidYouMean(q.Link, p.names))
	}
	r, err := rule.Read(receipt, q.Link, q.Kind, q.With)
	if err == nil && !l.HTTP && (r.Do == rule.HTTPDelay || r.Do == rule.HTTPStatus || r.Do == rule.Unreachable) {
		err = fmt.Errorf("%w: link %s is not known to carry HTTP: start the proxy with --link name=%s,…,http, or write a fault called network", faults.ErrRefused, l.Name, l.Name)
	}
	return r, err
}

// Set implements control.Engine.
func (p *Proxy) Set(rules []rule.Rule, _ map[string]control.Of) {
	p.setting.Lock()
	defer p.setting.Unlock()
	by := map[string][]rule.Rule{}
	for _, r := range rules {
		by[r.Link] = append(by[r.Link], r)
	}
	for name, l := range p.links {
		l.set(by[name])
	}
}

// Status implements control.Engine.
func (p *Proxy) Status() map[string]control.Count {
	out := map[string]control.Count{}
	for _, l := range p.links {
		for _, a := range l.now.Load().rules {
			out[a.ID] = a.count()
		}
	}
	return out
}
