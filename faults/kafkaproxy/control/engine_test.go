package control_test

import (
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine keeps what it was last set to.
type engine struct {
	mu         sync.Mutex
	rules      []rule.Rule
	of         map[string]rule.Of
	idempotent []string
}

func (e *engine) Set(rules []rule.Rule, of map[string]rule.Of) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rules, e.of = rules, of
}

func (e *engine) Status() map[string]rule.Count {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := map[string]rule.Count{}
	for i, r := range e.rules {
		out[r.ID] = rule.Count{Seen: uint64(i) + 1}
	}
	return out
}

func (e *engine) Idempotent(rule.Where) []string { return e.idempotent }

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
