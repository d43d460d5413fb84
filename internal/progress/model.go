package progress

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// What Live tells its model.
type (
	line  struct{ clock, text string }
	lines []line
	state struct{ experiment.State }
	read  struct{ events.Tick }
	now   struct{ time.Time }
	over  struct{}
)

// model is the view as Bubble Tea drives it.
type model struct {
	view View
	over bool
}

func (model) Init() tea.Cmd { return nil }

func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case state:
		m.view = m.view.With(msg.State)
	case read:
		m.view = m.view.Read(msg.Tick)
	case now:
		m.view = m.view.At(msg.Time)
	case tea.WindowSizeMsg:
		m.view.Width, m.view.Height = msg.Width, msg.Height
	case over:
		m.over = true
		return m, tea.Quit
	}
	return m, nil
}

// View leaves the cursor where it can be seen, after the last word: a program
// that is killed leaves no terminal without one, and the ^C that a terminal
// echoes stands where it can be read.
func (m model) View() tea.View {
	text := m.view.String()
	if m.over {
		text = ""
	}
	v := tea.NewView(text)
	column, row := end(text)
	v.Cursor = tea.NewCursor(min(column, max(m.view.Width-1, 0)), row)
	v.Cursor.Blink = false
	v.DisableBracketedPasteMode = true // nothing is read from the terminal
	return v
}

// end is where a text of one or more lines ends.
func end(text string) (column, row int) {
	for i := range len(text) {
		if text[i] == '\n' {
			row++
			column = i + 1
		}
	}
	if last := width(text[column:]); last > 0 {
		return last + 1, row
	}
	return 0, row
}

// printed turns lines into what Bubble Tea prints above the block, broken to
// the width that the terminal has at that moment. It does so as a filter and
// not in Update, whose commands run side by side and so out of order.
func printed(m tea.Model, msg tea.Msg) tea.Msg {
	told, ok := msg.(lines)
	shown, known := m.(model)
	if !ok || !known {
		return msg
	}
	texts := make([]string, len(told))
	for i, l := range told {
		texts[i] = wrap(l.clock, l.text, shown.view.Width)
	}
	return tea.Println(strings.Join(texts, "\n"))()
}
