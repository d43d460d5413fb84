// Package failpoint marks the moments of a run at which a process may die. In
// a build with the tag failpoint the crash matrix holds a process at one of
// them, kills what it likes, and lets go; in any other build a point is
// nothing.
package failpoint

// Point is a moment between two lines, named for what was done last and what
// comes next.
type Point string

// The points between an agent's ledger, its injection and its report, and on
// the way of a command to the log and of a row to its table.
const (
	Asking        Point = "dispatcher asks, nothing sent"
	Asked         Point = "agent has the request, no receipt"
	ReceiptStands Point = "receipt on disk, nothing injected"
	Injected      Point = "injected, not looked again"
	SeenThere     Point = "seen in place, not reported"
	Kept          Point = "report kept, agent not told"
	Carrying      Point = "command kept, not in Kafka"
	Carried       Point = "command in Kafka, still kept"
	Triggered     Point = "trigger fired, nobody told"
	UndoAsked     Point = "agent is to undo, nothing undone"
	Undone        Point = "undone, receipt still live"
	Buried        Point = "receipt buried, not reported"
	RowsReady     Point = "rows to commit, not in the table"
	RowsCommitted Point = "rows in the table, not noted"
)

// Decided is the moment after a decision with an event of this type, and before
// the log has it.
func Decided(eventType string) Point { return Point("decided " + eventType + ", not in the log") }

// Logged is the moment in which the log has it, and its command is not yet
// acknowledged.
func Logged(eventType string) Point {
	return Point(eventType + " in the log, command not acknowledged")
}
