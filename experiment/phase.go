package experiment

// Phase is where an experiment stands. Its zero value is Absent: nothing is
// known of it.
type Phase int

// The phases, in the order in which an experiment passes them.
const (
	Absent Phase = iota
	Scheduled
	Baselining
	Injecting
	Injected
	RollingBack
	Recovering
	Concluded
	Denied
	Aborted
	Stuck
)

// String is the phase as users read it.
func (p Phase) String() string {
	names := [...]string{"absent", "scheduled", "baselining", "injecting", "injected", "rolling back", "recovering", "concluded", "denied", "aborted", "stuck"}
	if p < 0 || int(p) >= len(names) {
		return "unknown"
	}
	return names[p]
}

// MarshalText implements encoding.TextMarshaler.
func (p Phase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Over says that nothing more is decided in this phase. Stuck is not over:
// the fault is still there.
func (p Phase) Over() bool {
	switch p {
	case Concluded, Denied, Aborted:
		return true
	case Absent, Scheduled, Baselining, Injecting, Injected, RollingBack, Recovering, Stuck:
		return false
	}
	return false
}

// StepPhase is where one step's fault stands. The zero value is Waiting.
type StepPhase int

// The phases of a step.
const (
	Waiting StepPhase = iota
	Requested
	Present
	Undoing
	Gone
	Failed
	StuckStep
)

// String is the step's phase as users read it.
func (p StepPhase) String() string {
	names := [...]string{"waiting", "requested", "present", "undoing", "gone", "failed", "stuck"}
	if p < 0 || int(p) >= len(names) {
		return "unknown"
	}
	return names[p]
}

// live says that a fault may be on the target, and that nothing asked for its
// removal yet.
func (p StepPhase) live() bool { return p == Requested || p == Present }
