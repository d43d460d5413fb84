//go:build failpoint

package matrix_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// The parts of docs/CRASH_MATRIX.md, each made by a test of its own: from the
// beginning to the heading of the second, and from there on.
const (
	pointPart = iota
	faultPart

	document = "../../docs/CRASH_MATRIX.md"
	heading  = "## Every fault"
)

// writePart writes one part and leaves the other as it is.
func writePart(part int, text string) error {
	was, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	first, second, found := strings.Cut(string(was), heading)
	if found {
		second = heading + second
	}
	if part == pointPart {
		first = text + "\n"
	} else {
		first, second = strings.TrimRight(first, "\n")+"\n\n", text
	}
	return os.WriteFile(document, []byte(first+second), 0o600)
}

// page is the first part.
func page(table string, cells int, o options) string {
	what := "every SIGKILL at every point and a sample of the rest"
	if o.full {
		what = "every death at every point"
	}
	return fmt.Sprintf(`# Crash matrix

Real binaries, built with fail-points, each part a process of its own: Kafka, NATS, controller, agent, its reaper, and a process that a fault pauses. A run is
held at a point, something dies, and the run goes on. A cell holds the milliseconds from the death to the moment in which the target was *seen* to go on;
"–" where no fault was in place then. Each cell also means: the ledger is empty in the end, the log has one verdict, the tables agree with it.

Lease %s; a killed agent is started again after %s, all else after %s; the step keeps its fault for %s. "stop" is SIGSTOP for four leases.

Last run: %s, %s, %d cells, seed %d, %d processors, several worlds at once: the times hold what the others cost. Made by
%s.

%s`, lease, agentOff, away, stepLife, time.Now().UTC().Format(time.DateOnly), what, cells, o.seed, runtime.NumCPU(), "`make crash-matrix-full`", table)
}

func containsNoFault(text string) bool { return strings.Contains(text, "no fault is in place") }
