package progress_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/k2-platform/faultline/internal/progress"
	"github.com/k2-platform/faultline/spec"
)

// TestViewGolden compares the block, without its colours, with what was
// looked at and found good. Write it anew with -update.
func TestViewGolden(t *testing.T) {
	for _, phase := range []string{"absent", "baselining", "injected", "recovering", "stuck", "concluded"} {
		for _, columns := range []int{60, 80, 120} {
			name := fmt.Sprintf("%s-%d", phase, columns)
			t.Run(name, func(t *testing.T) {
				golden(t, name, ansi.Strip(view(t, phase, columns, 40).String()))
			})
		}
	}
	t.Run("low", func(t *testing.T) { golden(t, "injected-80x16", ansi.Strip(view(t, "injected", 80, 16).String())) })
	t.Run("styles", func(t *testing.T) {
		golden(t, "stuck-80-styles", strings.ReplaceAll(view(t, "stuck", 80, 40).String(), "\x1b", "␛"))
	})
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	got += "\n"
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the block changed; look at it, and write it anew with: go test ./internal/progress -update\ngot:\n%s\nwant:\n%s", got, want)
	}
}

// TestViewFits asserts that nothing wraps and that lines of what happened
// stay in sight, however small the terminal.
func TestViewFits(t *testing.T) {
	for _, phase := range []string{"absent", "baselining", "injected", "recovering", "stuck", "concluded"} {
		v := view(t, phase, 80, 24)
		v.Document.Title = "two\nlines\x1b[2J of 日本語 " + strings.Repeat("long ", 40)
		for _, v.Width = range []int{1, 19, 20, 33, 47, 60, 80, 130} {
			for _, v.Height = range []int{1, 5, 6, 7, 12, 20, 24, 40} {
				fits(t, v)
			}
		}
	}
}

func fits(t *testing.T, v progress.View) {
	t.Helper()
	lines := strings.Split(v.String(), "\n")
	if len(lines) > max(v.Height-3, 1) {
		t.Fatalf("%s on %dx%d takes %d rows", v.State.Phase, v.Width, v.Height, len(lines))
	}
	for _, line := range lines {
		if w := ansi.StringWidth(line); w > v.Width {
			t.Fatalf("%s on %dx%d: a line of %d columns: %q", v.State.Phase, v.Width, v.Height, w, line)
		}
	}
}

func TestNamedTakesMetricsOfTheRulesOnly(t *testing.T) {
	doc := document(t)
	doc.Metrics = map[string]spec.Metric{"gc.pause": {Unit: "ms"}}
	doc.Triggers = append(doc.Triggers, spec.Rule{Expr: "gc.pause > 3.0 * baseline.gc.pause.p99 || elapsed > 300.0"})
	var names []string
	for _, m := range progress.Named(doc, platform()) {
		names = append(names, m.Name+" in "+m.Unit)
	}
	got := strings.Join(names, ", ")
	want := "ingestion_rate in records/s, offered_rate in records/s, consumer_lag in records, availability in share, " +
		"error_rate in share, response_time in s, gc.pause in ms"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestAnOlderViewStays reads on from one view twice, as a redraw of the older
// one beside the newer must be able to.
func TestAnOlderViewStays(t *testing.T) {
	before := view(t, "injected", 80, 40)
	text := before.String()
	_ = view(t, "injected", 80, 40).With(fold(story(t, "stuck"))).At(at(99))
	_ = before.With(fold(story(t, "stuck"))).At(at(99))
	if before.String() != text {
		t.Error("the older view changed")
	}
}
