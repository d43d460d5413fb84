package ingest

import (
	"slices"

	"github.com/k2-platform/faultline/sandbox/defect"
)

// Priority says what may be done without when there is not room for all.
type Priority string

// The priorities. A trade of high priority is never shed.
const (
	High   Priority = "high"
	Normal Priority = "normal"
)

// highSymbols are of high priority unless the configuration names others.
func highSymbols() []string { return []string{"BHP"} }

// priority of a trade of the feed goes by its symbol.
func (c Config) priority(symbol string) Priority {
	if slices.Contains(c.High, symbol) {
		return High
	}
	return Normal
}

// sheds says whether a trade is refused to save memory.
func (p *player) sheds(of Priority) bool {
	return p.pressure.on() && (of != High || p.cfg.Defects.Has(defect.ShedEverything))
}
