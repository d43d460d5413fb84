package process

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
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

// State is Look for those who have no use for an error: it answers Gone.
func (r Record) State() State {
	s, err := r.Look()
	if err != nil {
		return Gone
	}
	return s
}

// Alive says that the process of the record is there, running or paused.
func (r Record) Alive() bool { return r.State() != Gone }

// Look finds the very process of the record: not a later one with its pid,
// not one of another boot, not a zombie. It is Gone once, and Paused once each of its
// threads is. An error means that the kernel could not be asked.
func (r Record) Look() (State, error) {
	if r.PID <= 0 {
		return Gone, nil
	}
	boot, err := BootID()
	if err != nil {
		return Gone, err
	}
	st, err := statOf(r.PID)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return Gone, nil
	}
	if err != nil {
		return Gone, fmt.Errorf("looking for %s, pid %d: %w", r.Name, r.PID, err)
	}
	if st.started != r.StartTime || boot != r.BootID {
		return Gone, nil
	}
	threads, err := r.threads()
	if err != nil {
		return Gone, err
	}
	return stateOf(st, threads), nil
}

// stateOf is the state of a process whose threads are listed so. The first
// thread can end before the others, and until the last one is gone the process
// holds its ports: the kernel's count says so. Its list of threads may lack
// some while they end, and a stop reaches them one by one.
func stateOf(st stat, threads string) State {
	switch live := strings.Trim(threads, "ZXx"); {
	case strings.Trim(st.state, "ZXx") == "" && st.threads <= 1:
		return Gone
	case live != "" && strings.Trim(live, "Tt") == "":
		return Paused
	}
	return Running
}

// Identified fills in what tells the process with the record's pid from a
// later one. A process that is not there is ErrNotSame.
func (r Record) Identified() (Record, error) {
	r, err := r.identified()
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		err = errors.Join(ErrNotSame, err)
	}
	return r, err
}

// threads is one letter of /proc/pid/task/*/stat for each thread.
func (r Record) threads() (string, error) {
	dir := fmt.Sprintf("/proc/%d/task", r.PID)
	tasks, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
		return "", fmt.Errorf("reading the threads of %s, pid %d: %w", r.Name, r.PID, err)
	}
	var states strings.Builder
	for _, task := range tasks {
		st, err := statAt(dir + "/" + task.Name() + "/stat")
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended meanwhile
		}
		if err != nil {
			return "", fmt.Errorf("reading the threads of %s, pid %d: %w", r.Name, r.PID, err)
		}
		states.WriteString(st.state)
	}
	return states.String(), nil
}
