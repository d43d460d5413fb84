//go:build failpoint

package matrix_test

import (
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/failpoint"
)

// points lists the moments of a run, in the order in which it comes to them.
func points() []failpoint.Point {
	var out []failpoint.Point
	decided := func(eventType string) {
		out = append(out, failpoint.Decided(eventType), failpoint.Logged(eventType))
	}
	decided(events.TypeExperimentScheduled)
	decided(events.TypeBlastRadiusDecided)
	decided(events.TypeBaselineStarted)
	decided(events.TypeBaselineEstablished)
	out = append(out, failpoint.Asking, failpoint.Asked, failpoint.ReceiptStands, failpoint.Injected, failpoint.SeenThere,
		failpoint.Kept, failpoint.Carrying, failpoint.Carried)
	decided(events.TypeFaultInjected)
	out = append(out, failpoint.Triggered)
	decided(events.TypeRollbackTriggered)
	decided(events.TypeRollbackRequested)
	out = append(out, failpoint.UndoAsked, failpoint.Undone, failpoint.Buried)
	decided(events.TypeFaultRolledBack)
	decided(events.TypeRecoveryMeasured)
	decided(events.TypeConcluded)
	return append(out, failpoint.RowsReady, failpoint.RowsCommitted)
}

// byTrigger says whether a run comes to a point only if a trigger fires.
func byTrigger(p failpoint.Point) bool {
	return p == failpoint.Triggered || p == failpoint.Decided(events.TypeRollbackTriggered) || p == failpoint.Logged(events.TypeRollbackTriggered)
}
