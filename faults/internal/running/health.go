package running

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

const answerWithin = 2 * time.Second

// Keys of a receipt's Undo.
const (
	undoHTTP = "health_http"
	undoTCP  = "health_tcp"
)

// Health is how a target says that it is well. The zero value is of one that
// cannot say so.
type Health struct {
	HTTP string // answers 200 when the target is well
	TCP  string // takes connections when the target is well
}

// HealthOf is that of a target. A Kafka broker is well when it takes
// connections: more is asked by the samplers, which have a Kafka client.
func HealthOf(t spec.Target) Health {
	if t.Health == nil {
		return Health{}
	}
	h := Health{t.Health.HTTP, t.Health.TCP}
	if h == (Health{}) {
		h.TCP = t.Health.Kafka
	}
	return h
}

// Note writes it into a receipt's Undo.
func (h Health) Note(undo map[string]string) {
	for key, value := range map[string]string{undoHTTP: h.HTTP, undoTCP: h.TCP} {
		if value != "" {
			undo[key] = value
		}
	}
}

// NotedHealth is what Note wrote.
func NotedHealth(r faults.Receipt) Health { return Health{r.Undo[undoHTTP], r.Undo[undoTCP]} }

// Well asks once; nil is healthy, or has no health to ask.
func (h Health) Well(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if h.HTTP != "" {
		return answers(ctx, h.HTTP)
	}
	if h.TCP == "" {
		return nil
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", h.TCP)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", h.TCP, err)
	}
	if err := conn.Close(); err != nil {
		return fmt.Errorf("connecting to %s: %w", h.TCP, err)
	}
	return nil
}

func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	// A connection of its own: one kept from before would be asked of a
	// process that is gone, and would outlive the question.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	if err := res.Body.Close(); err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for health: %s says %s", url, res.Status)
	}
	return nil
}
