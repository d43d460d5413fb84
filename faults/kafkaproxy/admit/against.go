// Package admit reads what a Kafka fault proxy is asked for, and says what the
// proxy has against it.
package admit

import (
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// Rules makes rules of what one proxy is asked for.
type Rules struct {
	// Idempotent names clients among those selected that asked for a producer
	// id: their batches are numbered.
	Idempotent func(rule.Where) []string
	// Raw says that nothing which passes can be read: faults of bytes only.
	Raw bool
}

// Read is that of control.Config.
func (a Rules) Read(receipt string, q control.Question) (rule.Rule, error) {
	if q.Link != "" {
		return rule.Rule{}, fmt.Errorf("%w: a Kafka proxy has no links: leave out link %q, and select by broker or client_id", faults.ErrRefused, q.Link)
	}
	r, err := rule.Read(receipt, q.Kind, q.With)
	if err != nil {
		return rule.Rule{}, err
	}
	return r, a.against(r)
}

// against says what this proxy has against a rule, whoever asks.
func (a Rules) against(r rule.Rule) error {
	if a.Raw && (r.Bytes == nil || !r.Where.Bare()) {
		return fmt.Errorf("%w: %s: this proxy passes TLS through unread, and can break bytes only: write kafka.delay, kafka.bandwidth, kafka.reset, kafka.black_hole or kafka.slow_close, and select by broker and direction alone",
			faults.ErrRefused, r.Fault)
	}
	if !numbered(r) {
		return nil
	}
	if clients := a.Idempotent(r.Where); len(clients) > 0 {
		return fmt.Errorf("%w: %s on produce: a broker refuses batches of idempotent and transactional producers that have a gap or another order, and these clients are such: %s; select others by client_id, or turn enable.idempotence off for them",
			faults.ErrRefused, r.Fault, some(clients))
	}
	return nil
}

// numbered says that a rule would break the numbers that idempotent producers
// give their records.
func numbered(r rule.Rule) bool {
	if r.Records == nil || r.Where.Direction != rule.Request {
		return false
	}
	switch r.Records.Do {
	case rule.Drop, rule.Hold, rule.Reorder:
		return true
	case rule.SwapValues, rule.Duplicate:
	}
	return false
}

func some(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
