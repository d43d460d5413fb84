package pod

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/k2-platform/faultline/internal/process"
)

// members are the live processes of a container on this machine, by the names
// of their control groups, which hold the container's id with every runtime.
func members(id string) ([]process.Record, error) {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("looking for the processes of container %.12s: %w", id, err)
	}
	var all []process.Record
	for _, d := range dirs {
		pid, err := strconv.Atoi(d.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		in, err := within(pid, id)
		if err != nil || !in {
			if err != nil {
				return nil, err
			}
			continue
		}
		r, err := process.Record{Name: "a process of container " + id[:min(len(id), 12)], PID: pid}.Identified()
		if errors.Is(err, process.ErrNotSame) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// It was identified after it was seen there: it is looked at again, so that
		// no other one is taken for it.
		if in, err = within(pid, id); err != nil {
			return nil, err
		}
		if in && r.Alive() {
			all = append(all, r)
		}
	}
	return all, nil
}

// within says whether a process is in a group of the container. One that is
// gone is in none.
func within(pid int, id string) (bool, error) {
	groups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the processes of container %.12s: %w", id, err)
	}
	return strings.Contains(string(groups), id), nil
}

// oldest is the process that was there before the others, which began them.
func oldest(all []process.Record) process.Record {
	return slices.MinFunc(all, func(a, b process.Record) int {
		// Of ticks after boot the longer number is the greater one.
		return cmp.Or(cmp.Compare(len(a.StartTime), len(b.StartTime)), cmp.Compare(a.StartTime, b.StartTime), cmp.Compare(a.PID, b.PID))
	})
}
