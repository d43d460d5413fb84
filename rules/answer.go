package rules

import "github.com/k2-platform/faultline/events"

// Answer is what a rule says of a set of readings; see events.Answer.
type Answer = events.Answer

// The three answers of a rule.
const (
	Unknown  = events.Unknown  // readings are missing, or the arithmetic has no result
	Holds    = events.Holds    // true, whatever the missing readings would have been
	Violated = events.Violated // false, whatever the missing readings would have been
)
