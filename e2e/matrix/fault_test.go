//go:build failpoint

package matrix_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/faultstest/victim"
	"github.com/k2-platform/faultline/internal/failpoint"
)

// moment is when a death comes to a fault: while a process is held at a point,
// or a little after it was let go.
type moment struct {
	name  string
	point failpoint.Point
	later time.Duration // at most; drawn for each cell
}

// moments are where a driver is at work, in their order.
func moments() []moment {
	return []moment{
		{"receipt on disk", failpoint.ReceiptStands, 0},
		{"in the middle of inject", failpoint.ReceiptStands, 40 * time.Millisecond},
		{"injected", failpoint.Injected, 0},
		{"in the middle of rollback", failpoint.UndoAsked, 40 * time.Millisecond},
	}
}

// faultDeaths are those that every fault is put through.
func faultDeaths() []death {
	var out []death
	for _, d := range deaths() {
		switch d.name {
		case "kill agent", "kill agent, reaper", "kill controller", "kill all", "stop agent":
			out = append(out, d)
		}
	}
	return out
}

// faultCell is one death at one moment of one kind of fault.
type faultCell struct {
	victim victim.Case
	moment moment
	death  death
	later  time.Duration
}

func (c faultCell) name() string { return c.victim.Name + "/" + c.moment.name + "/" + c.death.name }

// defaultFaultSample fits into the time that CI has: a death of each kind.
const defaultFaultSample = 1

// chooseFaults lists all cells, or a sample of those of each kind.
func chooseFaults(o options) []faultCell {
	random := o.random()
	var out []faultCell
	for _, v := range victim.All() {
		var all []faultCell
		for _, m := range moments() {
			for _, d := range faultDeaths() {
				c := faultCell{victim: v, moment: m, death: d}
				if m.later > 0 {
					c.later = time.Duration(random.Int64N(int64(m.later)))
				}
				all = append(all, c)
			}
		}
		if !o.full {
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			all = all[:o.faultSample]
		}
		out = append(out, all...)
	}
	return out
}

// runFault is one cell. The victim is then as it was before, and nothing that
// the fault needed is left: no file, and no process.
func runFault(t *testing.T, c faultCell) result {
	t.Helper()
	v := c.victim.Make(t)
	fault := c.victim.Fault
	fault.Target = "one"
	w := newWorld(t, watch(t, v), fault)
	before := files(t, w.agentHome)
	r := w.through(c.moment.point, c.later, c.death, false)
	var left []string
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		left = append(newIn(before, files(t, w.agentHome)), w.strangers()...)
		if len(left) == 0 || time.Now().After(end) {
			break
		}
	}
	assert.Empty(t, left, "left of the fault")
	return r
}

// files are those of a state folder, but for what the agent keeps whatever the
// fault: its ledger, and the folder in which keepers of networks are on record.
func files(t *testing.T, home string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	require.NoError(t, filepath.WalkDir(home, func(path string, d os.DirEntry, err error) error {
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		if d != nil && d.IsDir() && path == filepath.Join(home, "ledger") {
			return filepath.SkipDir
		}
		if path != filepath.Join(home, "network") {
			out[path] = true
		}
		return nil
	}))
	return out
}

func newIn(before, now map[string]bool) (out []string) {
	for path := range now {
		if !before[path] {
			out = append(out, path)
		}
	}
	return out
}

// strangers are processes of the light binary that this world's agent started
// for a fault: their parent is the agent or, when that died, the first process,
// and what they were told is on record in the agent's folder.
func (w *world) strangers() (out []string) {
	records, _ := filepath.Glob(filepath.Join(w.agentHome, "*.json"))
	for _, path := range records {
		text, _ := os.ReadFile(path)
		out = append(out, string(text))
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", w.pid("agent"), w.pid("agent")))
	for pid := range strings.FieldsSeq(string(children)) {
		line, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		if args := strings.Split(string(line), "\x00"); len(args) > 1 && args[1] != "reaper" && filepath.Base(args[0]) == "faultline" {
			out = append(out, pid+" "+strings.Join(args, " "))
		}
	}
	return out
}

func TestMatrixOfFaults(t *testing.T) {
	o := optionsOf(t)
	t.Logf("MATRIX_SEED=%d", o.seed)
	cells := chooseFaults(o)
	results := newResults()
	began := time.Now()
	t.Run("cells", func(t *testing.T) {
		for _, c := range cells {
			t.Run(c.name(), func(t *testing.T) {
				t.Parallel()
				results.of(t, c.victim.Name, c.moment.name+c.death.name, func() result { return runFault(t, c) })
			})
		}
	})
	table := renderFaults(results)
	t.Logf("%d cells in %s\n%s", len(cells), time.Since(began).Round(time.Second), table)
	if o.update {
		assert.NoError(t, writePart(faultPart, faultPage(table, len(cells), o)))
	}
}

func renderFaults(results *results) string {
	var b strings.Builder
	b.WriteString("| fault |")
	for _, d := range faultDeaths() {
		fmt.Fprintf(&b, " %s |", d.name)
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("--:|", len(faultDeaths())))
	for _, v := range victim.All() {
		fmt.Fprintf(&b, "| %s |", v.Name)
		for _, d := range faultDeaths() {
			var all []string
			for _, m := range moments() {
				r, ok := results.get(v.Name, m.name+d.name)
				all = append(all, r.String(ok))
			}
			b.WriteString(" " + strings.Join(all, " / ") + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func faultPage(table string, cells int, o options) string {
	what := strconv.Itoa(o.faultSample) + " of each kind of fault"
	if o.full {
		what = "every death at every moment"
	}
	var names []string
	for _, m := range moments() {
		names = append(names, m.name)
	}
	return fmt.Sprintf(`## Every fault

The same of every kind of fault that can be had with Go and root alone. A cell has a figure for each moment of the death: %s; the middle is a random
moment of the first %s after the point before it. A figure is the milliseconds from the death to the moment in which the target was seen as it was before;
"–" where no fault was in place then. Each also means: the target is as it was before, and no file, process, member of a control group, kernel table or setting
is left of the fault; the ledger is empty in the end, the log has one verdict, the tables agree with it.

Last run: %s, %s, %d cells, seed %d.

%s`, strings.Join(names, " / "), moments()[1].later, time.Now().UTC().Format(time.DateOnly), what, cells, o.seed, table)
}
