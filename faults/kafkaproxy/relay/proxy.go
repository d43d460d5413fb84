package relay

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// Proxy is a Kafka proxy. New makes it, Run serves until its context ends. It
// is safe for concurrent use.
type Proxy struct {
	config    Config
	apis      *frame.APIs
	bootstrap []*listener
	placement placement
	topics    topics
	ids       atomic.Uint64
	room      chan struct{} // one for each connection
	pipes     pipes
	memory    memory
	outages   outages

	accepting sync.WaitGroup
	serving   sync.WaitGroup

	mu    sync.Mutex
	ctx   context.Context //nolint:containedctx // of Run, for listeners that are opened while it serves; nil before
	conns map[carrier]struct{}
	ends  bool // a connection that begins to be carried is drained at once
}

// carrier is a connection that is being carried.
type carrier interface {
	drain() // ends once what was asked is answered
	kill()  // ends at once
}

// New listens on the bootstrap address and the raw ones. Connections wait
// until Run is called.
func New(config Config) (*Proxy, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	host, _, _ := net.SplitHostPort(config.Listen) // Validate has split it
	p := &Proxy{config: config, apis: frame.NewAPIs(), room: make(chan struct{}, config.MaxConnections), pipes: make(pipes, pipesKept), conns: make(map[carrier]struct{})}
	p.placement = &brokers{
		host: host, advertise: advertised(config.Advertise, host), ports: config.Ports, log: config.Log,
		of:   make(map[int32]*behind),
		open: func(l net.Listener, to router) { p.accept(&listener{Listener: l, to: to}) },
	}
	if err := p.listen(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// advertised is the host that clients are told; "": the one they came to.
func advertised(given, host string) string {
	if given != "" {
		return given
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		return ""
	}
	return host
}

func (p *Proxy) listen() error {
	if led := p.config.Led; led != nil {
		at := newStraight(led)
		p.placement = at
		for _, l := range led.Listeners() {
			p.bootstrap = append(p.bootstrap, &listener{Listener: l, raw: p.config.LedRaw, to: at.to})
		}
		return nil
	}
	if len(p.config.Brokers) > 0 {
		l, err := listen(p.config.Listen)
		if err != nil {
			return err
		}
		p.bootstrap = append(p.bootstrap, &listener{Listener: l, to: always(func() route { return route{node: -1, brokers: p.config.Brokers} })})
	}
	for broker, at := range p.config.Raw {
		l, err := listen(at)
		if err != nil {
			return err
		}
		p.bootstrap = append(p.bootstrap, &listener{Listener: l, raw: true, to: always(func() route { return route{node: -1, brokers: []string{broker}} })})
	}
	return nil
}

func listen(address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w; end what listens there, or name another address", address, err)
	}
	return l, nil
}

// Addr is the address for bootstrap; "" where there are raw listeners only, or
// connections are led here.
func (p *Proxy) Addr() string {
	for _, l := range p.bootstrap {
		if !l.raw && p.config.Led == nil {
			return l.Addr().String()
		}
	}
	return ""
}

// Run serves until ctx ends. Then it accepts nothing more, waits a while
// for responses that are due, and closes all connections.
func (p *Proxy) Run(ctx context.Context) error {
	carrying, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	p.mu.Lock()
	p.ctx = carrying
	p.mu.Unlock()
	for _, l := range p.bootstrap {
		p.accept(l)
	}
	<-ctx.Done()
	p.close()
	p.accepting.Wait()
	p.drain()
	stop()
	p.serving.Wait()
	p.pipes.close()
	return nil
}

// close ends all listeners.
func (p *Proxy) close() {
	for _, l := range p.bootstrap {
		_ = l.Close() // it accepts no more; that is all
	}
	p.placement.close()
}

// drain lets connections end by themselves for as long as the configuration
// says.
func (p *Proxy) drain() {
	p.mu.Lock()
	p.ends = true
	for c := range p.conns {
		c.drain()
	}
	p.mu.Unlock()
	done := make(chan struct{})
	go func() { p.serving.Wait(); close(done) }()
	t := time.NewTimer(p.config.Drain)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}

// hold keeps a connection in mind while it is carried.
func (p *Proxy) hold(c carrier) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = struct{}{}
	if p.ends {
		c.drain()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, c)
	}
}
