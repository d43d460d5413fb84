package progress

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/report"
)

func bold(s string) string  { return ansi.NewStyle().Bold().Styled(s) }
func faint(s string) string { return ansi.NewStyle().Faint().Styled(s) }

func inked(c ansi.BasicColor, s string) string {
	if s == "" {
		return ""
	}
	return ansi.NewStyle().ForegroundColor(c).Styled(s)
}

// current is what a reader's eye is led to.
func current(s string) string { return ansi.NewStyle().Bold().ForegroundColor(ansi.Cyan).Styled(s) }

func alarm(s string) string { return ansi.NewStyle().Bold().ForegroundColor(ansi.Red).Styled(s) }

// answered is the word for an answer; one that is not given yet is open.
func answered(a events.Answer, judged bool) string {
	if !judged {
		return faint("open")
	}
	switch a {
	case events.Holds:
		return inked(ansi.Green, a.String())
	case events.Violated:
		return alarm(a.String())
	case events.Unknown:
	}
	return inked(ansi.Yellow, a.String())
}

func width(s string) int { return ansi.StringWidth(s) }

func clip(s string, columns int) string { return ansi.Truncate(s, max(columns, 0), "…") }

func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(columns-width(s), 0))
}

func padLeft(s string, columns int) string {
	return strings.Repeat(" ", max(columns-width(s), 0)) + s
}

// oneLine keeps what others wrote from moving the cursor.
func oneLine(s string) string {
	return strings.Join(strings.Fields(printable(s)), " ")
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return ' '
		}
		return r
	}, ansi.Strip(s))
}

// wrap breaks a line that tells of something, so that what follows stands
// below its words and not below its time.
func wrap(clock, text string, columns int) string {
	head := fmt.Sprintf("%7s  ", clock)
	room := columns - width(head)
	if room < narrow {
		return clip(head+oneLine(text), columns)
	}
	return head + strings.ReplaceAll(ansi.Wrap(printable(text), room, ""), "\n", "\n"+strings.Repeat(" ", width(head)))
}

func elapsed(d time.Duration) string { return report.Clock(d) }

func rounded(d time.Duration) string { return max(d, 0).Round(time.Second).String() }

func more(n int) string { return fmt.Sprintf("… %d more", n) }
