package control

// Engine does what rules say. It is safe for concurrent use.
type Engine[R any] interface {
	// Set replaces what is in force; of says for whom, by receipt. What stays
	// goes on counting. With no rule the proxy is a plain one.
	Set(rules []R, of map[string]Of)
	// Status tells what was met, by receipt.
	Status() map[string]Count
}
