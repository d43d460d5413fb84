//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Environment of make falsify.
const (
	falsifyMode = "FALSIFY"      // all: each defect; clean: none; else the first of each scenario
	falsifyOnly = "FALSIFY_ONLY" // names of scenarios, by commas
	// falsifyTargets is what is broken: processes, or containers of the engine at
	// DOCKER_HOST; "" is processes.
	falsifyTargets = "FALSIFY_TARGETS"
)

// scenario is a document that must hold on the sandbox as it is, and must not
// on one with a defect.
type scenario struct {
	document string
	sandbox  []string // flags of sandbox up
	// alone: it takes what other cells need to be on time.
	alone bool
	// defects are planted one at a time. rule is what the verdict must then name.
	defects []planted
}

type planted struct{ defect, rule string }

// cell is one run.
type cell struct {
	scenario, defect, want, verdict string
	reasons                         []string
	shown                           string // what show says of it, where that is asked for
	took                            time.Duration
	wrong                           string // "": as it should be
}

// TestFalsify runs each scenario without a defect, which must be upheld, and
// with each that concerns it, which must be refuted by the rule that says so.
func TestFalsify(t *testing.T) {
	require.Contains(t, []string{"", "processes", "containers"}, os.Getenv(falsifyTargets), falsifyTargets)
	require.False(t, *update && onContainers(), "docs/SCENARIOS.md is written from processes: leave -update out")
	var mu sync.Mutex
	var cells []cell
	began := time.Now()
	t.Cleanup(func() {
		t.Logf("\n%s%d cells in %s", cellTable(cells), len(cells), time.Since(began).Round(time.Second))
		if *update {
			writeScenarios(t, cells)
		}
	})
	run := func(t *testing.T, s scenario, p planted) {
		t.Helper()
		c := falsify(t, s, p)
		mu.Lock()
		cells = append(cells, c)
		mu.Unlock()
		require.Empty(t, c.wrong, "%s, %s: %s", c.verdict, strings.Join(c.reasons, "; "), c.wrong)
	}
	for _, alone := range []bool{false, true} {
		t.Run(map[bool]string{false: "beside others", true: "alone"}[alone], func(t *testing.T) {
			for _, s := range scenarios() {
				if s.alone != alone || !chosen(s) {
					continue
				}
				for _, p := range append([]planted{{}}, s.defects[:planting(s)]...) {
					t.Run(s.document+"/"+orClean(p.defect), func(t *testing.T) {
						if !alone && !onContainers() { // these have fixed names and addresses
							t.Parallel()
						}
						run(t, s, p)
					})
				}
			}
		})
	}
}

// planting is how many defects of a scenario are planted.
func planting(s scenario) int {
	switch os.Getenv(falsifyMode) {
	case "all":
		return len(s.defects)
	case "clean":
		return 0
	}
	return min(1, len(s.defects))
}

func chosen(s scenario) bool {
	only := os.Getenv(falsifyOnly)
	return only == "" || slices.Contains(strings.Split(only, ","), s.document)
}

func onContainers() bool { return os.Getenv(falsifyTargets) == "containers" }

func orClean(defect string) string {
	if defect == "" {
		return "clean"
	}
	return defect
}

// falsify runs one cell on a sandbox and a pipeline of its own.
func falsify(t *testing.T, s scenario, p planted) cell {
	t.Helper()
	began := time.Now()
	c := cell{scenario: s.document, defect: p.defect, want: "upheld"}
	if p.defect != "" {
		c.want = "refuted"
	}
	w := startFor(t, s, p.defect)
	got := w.run("falsify", filepath.Join("..", "experiments", s.document+".yaml"))
	if *update && p.defect == "" && got.Verdict == c.want {
		c.shown, _ = w.faultline("show", "falsify", "--plot", plotFile(t, s.document))
	}
	w.end()
	c.verdict, c.reasons, c.took = got.Verdict, got.Reasons, time.Since(began)
	switch {
	case c.verdict != c.want:
		c.wrong = "want " + c.want
	case p.rule != "" && !slices.ContainsFunc(c.reasons, func(r string) bool { return strings.Contains(r, p.rule) }):
		c.wrong = "no reason names " + p.rule
	}
	return c
}

// startFor is a sandbox with a defect, where one is named, and a pipeline.
func startFor(t *testing.T, s scenario, defect string) *platform {
	t.Helper()
	if onContainers() {
		return startContainers(t, s.sandbox, defect)
	}
	args := slices.Clone(s.sandbox)
	if defect != "" {
		args = append(args, "--defect", defect)
	}
	return startEmbedded(t, args)
}

// startEmbedded is a sandbox and a pipeline that need no server.
func startEmbedded(t *testing.T, sandbox []string) *platform {
	t.Helper()
	dir := t.TempDir()
	p := &platform{t: t, dir: dir, home: filepath.Join(dir, "home"), binary: binary(t)}
	daemon := p.binary + "d"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "faultline.yaml"), []byte("home: "+p.home+"\n"), 0o600))
	p.sandbox = start(t, dir, "sandbox", append([]string{daemon, "sandbox", "up", "--home", p.home}, sandbox...)...)
	p.sandbox.ready(t, filepath.Join(p.home, "sandbox", "platform.yaml"))
	p.pipeline = start(t, dir, "up", daemon, "up")
	p.pipeline.ready(t, filepath.Join(p.home, "up.yaml"))
	return p
}

func cellTable(cells []cell) string {
	slices.SortFunc(cells, func(a, b cell) int { return strings.Compare(a.scenario+" "+a.defect, b.scenario+" "+b.defect) })
	var b strings.Builder
	b.WriteString("| scenario | defect | verdict | because | as it should be | s |\n|---|---|---|---|---|---|\n")
	for _, c := range cells {
		because := "all holds"
		if len(c.reasons) > 0 {
			because = c.reasons[0]
		}
		right := "yes"
		if c.wrong != "" {
			right = "NO: " + c.wrong
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %.0f |\n", c.scenario, orClean(c.defect), c.verdict, strings.ReplaceAll(because, "|", `\|`), right, c.took.Seconds())
	}
	return b.String()
}
