package sink

import "github.com/twmb/franz-go/pkg/kgo"

// reason says in one word why a record may not be stored.
type reason string

// The reasons. Those of a record are looked for in this order, and the first
// is told.
const (
	digestMismatch reason = "digest_mismatch" // the value is not the one that the producer sent
	undecodable    reason = "undecodable"
	unknownSchema  reason = "unknown_schema" // the registry has no such id, or no trade can be read from it
	invalid        reason = "invalid"        // a field that must be there is not
	outOfBand      reason = "out_of_band"    // far from what the symbol trades at
	badTick        reason = "bad_tick"       // no price that the exchange quotes
)

func reasons() []reason {
	return []reason{digestMismatch, undecodable, unknownSchema, invalid, outOfBand, badTick}
}

// rejection is why a record is dead: the reason, and what exactly is wrong.
type rejection struct {
	reason reason
	cause  error
}

func reject(why reason, cause error) *rejection { return &rejection{why, cause} }

// dead is a record that goes to the dead letters.
type dead struct {
	record *kgo.Record
	*rejection
}
