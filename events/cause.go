package events

// Cause says why a fault is rolled back.
type Cause string

// The causes. Only Planned leads to a verdict on the hypothesis; Trigger
// refutes it, every other ends inconclusive.
const (
	Planned      Cause = "planned"
	Trigger      Cause = "trigger"
	Abort        Cause = "abort"
	Halt         Cause = "halt"
	Deadline     Cause = "deadline"
	Lease        Cause = "lease"
	AgentRestart Cause = "agent_restart"
	Failure      Cause = "failure"
)

// Causes is every cause there is.
func Causes() []Cause {
	return []Cause{Planned, Trigger, Abort, Halt, Deadline, Lease, AgentRestart, Failure}
}
