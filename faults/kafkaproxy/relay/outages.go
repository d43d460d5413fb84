package relay

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

// complainEvery is how often it is told that a broker cannot be reached.
const complainEvery = 30 * time.Second

// outages tell of brokers that cannot be reached: once when that begins, then
// how many connections it has closed, now and then and when it is over. A client
// tries again many times a second. The zero value is ready.
type outages struct {
	mu sync.Mutex
	of map[string]*outage // by the addresses that were tried
}

type outage struct {
	told   time.Time
	closed int // connections, since it was told
}

// failed tells that a connection was closed, or counts it.
func (o *outages) failed(log *slog.Logger, to route, now time.Time, reason error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := strings.Join(to.brokers, ",")
	known := o.of[key]
	switch {
	case known == nil:
		if o.of == nil || len(o.of) >= maxBrokers {
			o.of = map[string]*outage{}
		}
		o.of[key] = &outage{told: now}
		log.Warn("connection closed", "side", "broker", "reason", reason)
	case now.Sub(known.told) < complainEvery:
		known.closed++
	default:
		log.Warn("connections closed", "side", "broker", "connections", known.closed+1, "since", known.told.UTC(), "reason", reason)
		known.told, known.closed = now, 0
	}
}

// reached ends an outage.
func (o *outages) reached(log *slog.Logger, to route) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := strings.Join(to.brokers, ",")
	known := o.of[key]
	if known == nil {
		return
	}
	delete(o.of, key)
	log.Info("a broker is reached again", "address", key, "connections closed", known.closed)
}
