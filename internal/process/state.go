package process

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// State is what the kernel says of the process that a record names. Its zero
// value is Gone: a process that was not found is not there.
type State int

// The states.
const (
	Gone State = iota
	Running
	Paused
)

type stat struct {
	state   string
	started string
}

var errNoStat = errors.New("unexpected content of /proc/pid/stat")

// statOf reads fields 3 and 22 of /proc/pid/stat (proc(5)). The command name
// before them may hold spaces and parentheses, so the last one counts.
func statOf(pid int) (stat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	text := string(data)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return stat{}, errNoStat
	}
	return stat{state: fields[0], started: fields[19]}, nil
}

// State looks for the very process of the record. A zombie is gone.
func (r Record) State() State {
	if r.PID <= 0 {
		return Gone
	}
	st, err := statOf(r.PID)
	if err != nil || st.started != r.StartTime {
		return Gone
	}
	if boot, err := BootID(); err != nil || boot != r.BootID {
		return Gone
	}
	switch st.state {
	case "Z", "X", "x":
		return Gone
	case "T", "t":
		return Paused
	}
	return Running
}

// Alive says that the process of the record is there, running or paused.
func (r Record) Alive() bool { return r.State() != Gone }
