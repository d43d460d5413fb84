package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/term"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// perSecond is how often the block is drawn again at most.
const perSecond = 4

// Live is a block on a terminal. It leaves the terminal's modes and signals
// alone: Ctrl-C stays the caller's. Its methods may be called from any
// goroutine, before Close and after it; they wait for the terminal only.
type Live struct {
	out     io.Writer
	began   time.Time
	program *tea.Program
	ended   chan struct{}
	err     error // of the program, once it ended
	once    sync.Once
}

// Start draws the block on a terminal and returns once it stands there. The
// caller calls Close.
func Start(terminal *os.File, getenv func(string) string, v View) *Live {
	v.Width, v.Height = size(terminal)
	var options []tea.ProgramOption
	if getenv("NO_COLOR") != "" { // Bubble Tea takes 1 and true only
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	return start(terminal, v, options...)
}

func start(out io.Writer, v View, options ...tea.ProgramOption) *Live {
	first := newPaper(out)
	var onto io.Writer = first
	if file, ok := out.(term.File); ok {
		onto = terminalPaper{first, file}
	}
	options = append(options, tea.WithOutput(onto), tea.WithInput(nil), tea.WithoutSignalHandler(), tea.WithFPS(perSecond), tea.WithFilter(printed))
	l := &Live{out: out, began: v.Began, program: tea.NewProgram(model{view: v}, options...), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		_, l.err = l.program.Run()
	}()
	select {
	case <-first.drawn:
	case <-l.ended:
	}
	return l
}

// Lines prints what happened above the block; below the last of it once the
// block is gone, so that nothing is lost with it.
func (l *Live) Lines(at time.Time, texts ...string) {
	told := make(lines, 0, len(texts))
	for _, text := range texts {
		told = append(told, line{elapsed(at.Sub(l.began)), text})
	}
	if len(told) == 0 {
		return
	}
	select {
	case <-l.ended:
		for _, t := range told {
			fmt.Fprintf(l.out, "%7s  %s\n", t.clock, t.text) //nolint:errcheck // a closed terminal stops nothing
		}
	default:
		l.program.Send(told)
	}
}

// State shows the experiment as it is now.
func (l *Live) State(s experiment.State) { l.program.Send(state{s}) }

// Read shows the readings of a tick.
func (l *Live) Read(t events.Tick) { l.program.Send(read{t}) }

// Beat shows how much time is left at a moment.
func (l *Live) Beat(at time.Time) { l.program.Send(now{at}) }

// Repaint draws everything again: after the terminal echoed a key.
func (l *Live) Repaint() { l.program.Send(tea.ClearScreen()) }

// Close takes the block away and gives the terminal back. It may be called
// more than once and returns what ended the block early, if anything did.
func (l *Live) Close() error {
	l.once.Do(func() { l.program.Send(over{}) })
	<-l.ended
	if l.err != nil {
		return fmt.Errorf("showing the run on the terminal: %w", l.err)
	}
	return nil
}
