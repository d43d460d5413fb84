package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

// Kind is what a message tells of.
type Kind string

// The kinds of message.
const (
	Start    Kind = "start"
	Rollback Kind = "rollback"
	Halt     Kind = "halt"
	Stuck    Kind = "stuck"
	End      Kind = "end"
)

// Kinds is every kind there is, in the order in which an experiment may come
// to them.
func Kinds() []Kind { return []Kind{Start, Rollback, Halt, Stuck, End} }

// Message is one notification. Text stands alone: not every service shows a
// title.
type Message struct {
	Kind       Kind
	Experiment spec.ExperimentID
	Version    uint64 // of the batch that it tells of
	At         time.Time
	Title      string
	Text       string
}

// key names a message among all that were ever sent: a batch has at most one
// of each kind.
func (m Message) key() string { return fmt.Sprintf("%s/%d/%s", m.Experiment, m.Version, m.Kind) }

// Of puts an accepted batch into words for people who are not watching. s is
// the state that the batch led to. Most batches are worth no message.
func Of(b events.Batch, s experiment.State) []Message {
	var out []Message
	for _, k := range Kinds() {
		var parts []string
		for _, e := range b.Events {
			if text := tell(k, e, s); text != "" {
				parts = append(parts, text)
			}
		}
		if len(parts) == 0 {
			continue
		}
		out = append(out, Message{
			Kind: k, Experiment: b.Experiment, Version: b.Version, At: b.At, Title: title(k),
			Text: fmt.Sprintf("%s: %s (%s)\n%s", heading(k, b), s.Document.Title, b.Experiment, strings.Join(parts, "\n")),
		})
	}
	return out
}

func title(k Kind) string {
	if k == Stuck {
		return "Faultline: STUCK"
	}
	return "Faultline: " + string(k)
}

func heading(k Kind, b events.Batch) string {
	switch k {
	case Start:
		return "Started"
	case Rollback:
		return "Rolling back"
	case Halt:
		return "Halted"
	case Stuck:
		return "STUCK"
	case End:
		return ending(b)
	}
	return string(k)
}

func ending(b events.Batch) string {
	for _, e := range b.Events {
		if c, ok := e.(events.Concluded); ok && c.Aborted {
			return "Aborted, " + c.Verdict.String()
		} else if ok {
			return "Ended, " + c.Verdict.String()
		}
	}
	return "Denied"
}

// tell is what a message of one kind says of an event; mostly nothing.
func tell(k Kind, event events.Event, s experiment.State) string {
	switch e := event.(type) {
	case events.BaselineStarted:
		return only(k == Start, s.Document.Sentence())
	case events.RollbackTriggered:
		return only(k == Rollback, report.Line(e))
	case events.RollbackRequested:
		return only(k == stopping(e.Cause), report.Line(e))
	case events.FaultRolledBack:
		return only(k == stopping(e.Cause) && byAgent(e.Cause), report.Line(e))
	case events.RollbackStuck:
		return only(k == Stuck, stuck(e, s))
	case events.Concluded:
		return only(k == End, end(e.Reasons, s))
	case events.ExperimentDenied:
		return only(k == End, end(e.Reasons, s))
	case events.ExperimentScheduled, events.CommandRefused, events.RequestRefused, events.BaselineEstablished, events.FaultInjectionRequested,
		events.FaultInjected, events.FaultInjectionFailed, events.ClaimJudged, events.RecoveryMeasured, events.BooksClosed, events.ExperimentKept, events.NoteAdded,
		events.BlastRadiusDecided, events.ApprovalRequested, events.ExperimentApproved:
		// nobody waits for it
	}
	return ""
}

func only(when bool, text string) string {
	if when {
		return text
	}
	return ""
}

func stopping(c events.Cause) Kind {
	if c == events.Halt {
		return Halt
	}
	return Rollback
}

// byAgent says that an agent may roll back for this cause before the log
// knows: the fault seen gone is then the first that anybody hears of it.
func byAgent(c events.Cause) bool {
	return slices.Contains([]events.Cause{events.Halt, events.Deadline, events.Lease, events.AgentRestart}, c)
}

// stuck begins with the command: a service that cuts long texts keeps it.
func stuck(e events.RollbackStuck, s experiment.State) string {
	what := "its fault"
	if st, ok := s.Step(e.Step); ok {
		what = fmt.Sprintf("%s on %s", st.Fault.Kind, st.Fault.Target)
	}
	return fmt.Sprintf("step %s: %s could not be undone and is still there\nRun by hand: %s\nWhy: %s", e.Step, what, e.Manual, e.Why)
}

func end(reasons []string, s experiment.State) string {
	lines := slices.Clone(reasons)
	if s.Recovery != nil {
		lines = append(lines, report.Line(*s.Recovery))
	}
	if s.Books != nil {
		lines = append(lines, report.Line(*s.Books))
		if s.Books.Balanced {
			lines = append(lines, fmt.Sprintf("loss_fraction %.4f, lost_acked %d", s.Books.LossFraction, s.Books.LostAcked))
		}
	}
	return strings.Join(lines, "\n")
}
