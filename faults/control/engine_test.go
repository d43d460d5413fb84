package control_test

import (
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/admit"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine keeps what it was last set to.
type engine struct {
	mu         sync.Mutex
	rules      []rule.Rule
	of         map[string]control.Of
	idempotent []string
}

func (e *engine) Set(rules []rule.Rule, of map[string]control.Of) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules, e.of = rules, of
}

func (e *engine) Status() map[string]control.Count {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]control.Count{}
	for i, r := range e.rules {
		out[r.ID] = control.Count{Seen: uint64(i) + 1}
	}
	return out
}

// read reads as a Kafka proxy does.
func (e *engine) read(raw bool) func(string, control.Question) (rule.Rule, error) {
	return admit.Rules{Idempotent: func(rule.Where) []string { return e.idempotent }, Raw: raw}.Read
}

// ids are the receipts in force.
func (e *engine) ids() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := []string{}
	for _, r := range e.rules {
		out = append(out, r.ID)
	}
	return out
}
