package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

type stat struct {
	state   string
	threads int // 1 for a zombie that is the last of its threads, 0 once it is none
	started string
}

var errNoStat = errors.New("unexpected content of /proc/pid/stat")

func statOf(pid int) (stat, error) { return statAt(fmt.Sprintf("/proc/%d/stat", pid)) }

// statAt reads fields 3, 20 and 22 of a stat file (proc(5)). The command name
// before them may hold spaces and parentheses, so the last one counts.
func statAt(path string) (stat, error) {
	data, err := os.ReadFile(path) //nolint:gosec // below /proc
	if err != nil {
		return stat{}, err
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return stat{}, errNoStat
	}
	threads, err := strconv.Atoi(fields[17])
	if err != nil {
		return stat{}, fmt.Errorf("%w: %w", errNoStat, err)
	}
	return stat{state: fields[0], threads: threads, started: fields[19]}, nil
}
