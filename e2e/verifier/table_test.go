package verifier_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/sandbox/defect"
)

// line is one defect, and what came of it.
type line struct {
	defect            defect.Defect
	rate              int64
	classes           []string // with how many records
	planted, found    int
	violated, unknown []string
	took              time.Duration
}

// tell counts the records that were damaged, and those of them that are in the
// class that they have to be in.
func (l *line) tell(want, found outcome) {
	for _, c := range account.Classes() {
		if n := len(want[c]); n > 0 && c != account.CorruptedRejected {
			l.add(c, want[c], found[c])
		}
	}
}

func (l *line) add(c account.Class, want, found places) {
	l.classes = append(l.classes, fmt.Sprintf("%s %d", c, len(want)))
	l.planted += len(want)
	for at := range want {
		if found[at] {
			l.found++
		}
	}
}

// late adds the records whose rows came with a later commit: all that the sink
// named, or all that there are, but for those that are still not there.
func (l *line) late(t *testing.T, w *world, said []damage, want outcome) {
	t.Helper()
	due := at(said)
	if said == nil {
		due = w.behind(nil)
	}
	for at := range want[account.LostAcked] {
		delete(due, at)
	}
	found := w.late()
	assert.NotEmpty(t, due)
	assert.Equal(t, due, found, "late")
	l.add(account.Late, due, found)
}

func tableOf(lines []line) string {
	var b strings.Builder
	b.WriteString("| defect | one in | class of its records | checks that are violated | found of planted |\n|---|--:|---|---|--:|\n")
	for _, l := range lines {
		rate := "all"
		if l.rate > 1 {
			rate = fmt.Sprint(l.rate)
		}
		classes := "none: the table cannot be read to its end, and the answer is unknown"
		if len(l.classes) > 0 {
			classes = "`" + strings.Join(l.classes, "`, `") + "`"
		}
		checks := "none"
		if len(l.violated) > 0 {
			checks = "`" + strings.Join(l.violated, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %d of %d |\n", l.defect, rate, classes, checks, l.found, l.planted)
	}
	return b.String()
}

// Where the table goes.
const (
	page        = "../../docs/VERIFIER.md"
	trackRecord = "../../docs/TRACK_RECORD.md"
	begin, end  = "<!-- planted defects: make verifier writes this -->\n", "<!-- end of planted defects -->\n"
)

// writePages writes the table anew, between its marks.
func writePages(t *testing.T, s size, lines []line) {
	t.Helper()
	made := fmt.Sprintf("Of %d trades, and %d bad records, in batches of %d:\n\n%s", s.trades, s.spoilt*len(flaws()), s.batch, tableOf(lines))
	for _, path := range []string{page, trackRecord} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		before, _, ok := strings.Cut(string(text), begin)
		_, after, has := strings.Cut(string(text), end)
		require.True(t, ok && has, "%s has no place for the table", path)
		require.NoError(t, os.WriteFile(path, []byte(before+begin+made+end+after), 0o600))
	}
}

// TestThePagesHaveEveryDefect that a sink can have, each found to the last record.
func TestThePagesHaveEveryDefect(t *testing.T) {
	for _, path := range []string{page, trackRecord} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		_, table, _ := strings.Cut(string(text), begin)
		table, _, _ = strings.Cut(table, end)
		for _, c := range cases() {
			rows := slices.Collect(strings.Lines(table))
			i := slices.IndexFunc(rows, func(r string) bool { return strings.HasPrefix(r, "| `"+string(c.defect)+"` |") })
			if !assert.NotEqual(t, -1, i, "%s lacks %s: make verifier writes it", path, c.defect) {
				continue
			}
			cells := strings.Split(rows[i], "|")
			found, planted, ok := strings.Cut(strings.TrimSpace(cells[len(cells)-2]), " of ")
			assert.True(t, ok && found == planted && found != "0", rows[i])
		}
	}
}
