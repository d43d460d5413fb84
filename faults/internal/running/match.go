package running

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

// fit is a process whose command line matches.
type fit struct {
	process.Record

	line string
}

// fits are the live processes of this machine whose command line, its words
// with spaces between, matches. This process itself is none of them.
func fits(pattern string) ([]fit, error) {
	like, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%w: match %q: %w", faults.ErrRefused, pattern, err)
	}
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("looking for processes: %w", err)
	}
	var all []fit
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		words := wordsOf(pid)
		if line := strings.Join(words, " "); len(words) > 0 && like.MatchString(line) {
			r, err := process.Record{PID: pid, Command: words}.Identified()
			if errors.Is(err, process.ErrNotSame) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if r.Alive() {
				all = append(all, fit{r, line})
			}
		}
	}
	return all, nil
}

// wordsOf is the command line of a process; none of one that has ended, or of
// the kernel's own.
func wordsOf(pid int) []string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || len(raw) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(raw), "\x00"), "\x00")
}

// longestLine is how much of a command line is told.
const longestLine = 120

// oneFit refuses several, with the list.
func oneFit(pattern string) (process.Record, error) {
	all, err := fits(pattern)
	if err != nil || len(all) == 0 {
		return process.Record{}, err
	}
	if len(all) == 1 {
		return all[0].Record, nil
	}
	lines := make([]string, len(all))
	for i, f := range all {
		lines[i] = fmt.Sprintf("pid %d: %s", f.PID, f.line[:min(len(f.line), longestLine)])
	}
	return process.Record{}, fmt.Errorf("%w: match %q fits %d processes, and must fit one; write more of its command line:\n%s",
		faults.ErrRefused, pattern, len(all), strings.Join(lines, "\n"))
}

// byMatch is one that matches; it need not be the only one, as one that is on
// its way may have begun others.
func (t Target) byMatch() (process.Record, error) {
	all, err := fits(t.Match)
	if err != nil || len(all) == 0 {
		return process.Record{}, err
	}
	return all[0].Record, nil
}

// findable refuses a command that the pattern would not find once it is
// started: it would be started again and again.
func (t Target) findable() error {
	like, err := regexp.Compile(t.Match)
	if err == nil && !like.MatchString(strings.Join(t.Process.Command, " ")) {
		err = fmt.Errorf("its command %q does not match %q, so it would not be found again; write one that does", t.Process.Command, t.Match)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", faults.ErrRefused, err)
	}
	return nil
}
