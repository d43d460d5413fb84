package faults

// Presence says whether a fault is there on its target. The zero value is
// Unseen: what nobody looked at is neither there nor gone.
type Presence int

// The three answers of a probe.
const (
	Unseen Presence = iota
	Absent
	Present
)

// String implements fmt.Stringer.
func (p Presence) String() string {
	switch p {
	case Unseen:
		return "unseen"
	case Absent:
		return "absent"
	case Present:
		return "present"
	}
	return "unseen"
}
