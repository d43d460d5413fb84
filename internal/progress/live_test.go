package progress

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

func terminal(v View) (*Live, *bytes.Buffer) {
	var out bytes.Buffer // the program alone writes to it until Close
	v.Width, v.Height = 40, 24
	return start(&out, v, tea.WithWindowSize(40, 24), tea.WithColorProfile(colorprofile.ASCII), tea.WithEnvironment([]string{"TERM=xterm"})), &out
}

// TestLiveTellsInOrderAndGivesTheTerminalBack also shows, by the package's
// TestMain, that no goroutine stays.
func TestLiveTellsInOrderAndGivesTheTerminalBack(t *testing.T) {
	began := time.Now()
	l, out := terminal(View{ID: "drill", Began: began, Now: began})
	l.State(experiment.State{Phase: experiment.Injecting})
	l.Read(events.Tick{Readings: []events.Reading{{Metric: "m", Value: 1}}})
	want := make([]string, 30)
	for i := range want {
		want[i] = fmt.Sprintf("line %d.", i)
		l.Lines(began.Add(time.Second), want[i])
	}
	l.Lines(began, "a line of words that is wider than the terminal is")
	l.Lines(began)
	l.Beat(began.Add(time.Minute))
	l.Repaint()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	raw, at := out.String(), 0
	if block, first := strings.Index(raw, "waiting for the pipeline"), strings.Index(raw, "line 0."); block < 0 || first < block {
		t.Errorf("a line came before the block stood: %q", raw)
	}
	for _, line := range want {
		i := strings.Index(raw[at:], "  "+line)
		if i < 0 {
			t.Fatalf("no %q after byte %d of %q", line, at, raw)
		}
		at += i
	}
	if text := ansi.Strip(raw); !strings.Contains(text, "  +0:00  a line of words that is wider\r\n         than the terminal is\r\n") {
		t.Errorf("the wide line is not broken below its words: %q", text)
	}
	if strings.LastIndex(raw, ansi.ResetModeTextCursorEnable) > strings.LastIndex(raw, ansi.SetModeTextCursorEnable) {
		t.Errorf("the cursor stays hidden: %q", raw)
	}
	if strings.Contains(raw, ansi.RequestModeSynchronizedOutput) || strings.Contains(raw, ansi.SetModeBracketedPaste) {
		t.Errorf("the terminal was asked for something that nobody reads: %q", raw)
	}
}

func TestLiveAfterItsEnd(t *testing.T) {
	began := time.Now()
	l, out := terminal(View{ID: "drill", Began: began, Now: began})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	l.Lines(began, "said too late for the block")
	l.Beat(began)
	l.State(experiment.State{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "  +0:00  said too late for the block\n" {
		t.Errorf("got %q", got)
	}
}

// TestLiveWhoseTerminalIsGone must neither block nor hide it.
func TestLiveWhoseTerminalIsGone(*testing.T) {
	l := start(gone{}, View{Width: 40, Height: 24}, tea.WithWindowSize(40, 24))
	for range 10 {
		l.Lines(time.Now(), "into the void")
	}
	_ = l.Close()
}

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
