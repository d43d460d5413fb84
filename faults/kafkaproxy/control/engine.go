package control

import "github.com/k2-platform/faultline/faults/kafkaproxy/rule"

// Engine does what rules say. It is safe for concurrent use.
type Engine interface {
	// Set replaces what is in force; of says for whom, by receipt. What stays
	// goes on counting. With no rule the proxy is a plain one.
	Set(rules []rule.Rule, of map[string]rule.Of)
	// Status tells what was met, by receipt.
	Status() map[string]rule.Count
	// Idempotent names clients among those selected that asked for a producer
	// id: their batches are numbered.
	Idempotent(w rule.Where) []string
}
