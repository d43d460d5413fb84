package control

import (
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// against says what this proxy has against a rule, whoever asks.
func (d *Desk) against(r rule.Rule) error {
	if d.Raw && (r.Bytes == nil || !r.Where.Bare()) {
		return fmt.Errorf("%w: %s: this proxy passes TLS through unread, and can break bytes only: write kafka.delay, kafka.bandwidth, kafka.reset, kafka.black_hole or kafka.slow_close, and select by broker and direction alone",
			faults.ErrRefused, r.Fault)
	}
	if !numbered(r) {
		return nil
	}
	if clients := d.Engine.Idempotent(r.Where); len(clients) > 0 {
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
