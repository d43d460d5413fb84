package running

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

// Now is the live process of the target: the one that was planned for, or one
// that was started since. The zero record where none runs.
func (t Target) Now() (process.Record, error) {
	s, err := t.Process.Look()
	if err != nil || s != process.Gone {
		return t.Process, err
	}
	now, err := t.named()
	if err == nil {
		s, err = now.Look()
	}
	if err != nil || s == process.Gone {
		return process.Record{}, err
	}
	return now, nil
}

// Running says whether the target runs: as the process that was planned for,
// or as one that was started since, by whomever.
func (t Target) Running() (bool, error) {
	now, err := t.Now()
	return err == nil && now.PID > 0, err
}

// Stopped is the presence of a fault that ends its target: present when no
// process of the target runs.
func (t Target) Stopped() (faults.Presence, error) {
	runs, err := t.Running()
	switch {
	case err != nil:
		return faults.Unseen, fmt.Errorf("looking for %s: %w", t.Process.Name, err)
	case runs:
		return faults.Absent, nil
	}
	return faults.Present, nil
}

// named is the process that record, pid file, pattern or unit name now; the
// zero record, which is not alive, if they name none.
func (t Target) named() (process.Record, error) {
	switch {
	case t.PIDFile != "":
		return t.byPIDFile()
	case t.Match != "":
		return t.byMatch()
	case t.Unit != "":
		return unitNow(context.Background(), t.Unit)
	}
	r, err := process.Read(t.Record)
	var torn *json.SyntaxError
	if errors.Is(err, process.ErrNoRecord) || errors.As(err, &torn) {
		return process.Record{}, nil // torn by a crash, it names nobody
	}
	return r, err
}

func (t Target) byPIDFile() (process.Record, error) {
	text, err := os.ReadFile(t.PIDFile)
	if errors.Is(err, os.ErrNotExist) {
		return process.Record{}, nil
	}
	if err != nil {
		return process.Record{}, fmt.Errorf("reading pid file: %w", err)
	}
	info, err := os.Stat(t.PIDFile)
	if errors.Is(err, os.ErrNotExist) {
		return process.Record{}, nil // removed meanwhile
	}
	if err != nil {
		return process.Record{}, fmt.Errorf("reading pid file: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if torn := err != nil || pid <= 1; torn {
		return process.Record{}, nil // by a crash: it names nobody
	}
	r, err := process.Record{PID: pid}.Identified()
	if errors.Is(err, process.ErrNotSame) {
		return process.Record{}, nil
	}
	if err != nil {
		return process.Record{}, err
	}
	started, err := startedAt(r)
	if err != nil {
		return process.Record{}, err
	}
	// A pid file is written after its process began. A process that is younger
	// than the file got the pid of one that is gone.
	if started.After(info.ModTime().Add(time.Second)) {
		return process.Record{}, nil
	}
	return r, nil
}

// startedAt gives a process's start on the wall clock, as it stands now.
func startedAt(r process.Record) (time.Time, error) {
	ticks, err := strconv.ParseInt(r.StartTime, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the start time of pid %d: %w", r.PID, err)
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return time.Time{}, fmt.Errorf("reading the boot clock: %w", err)
	}
	const tick = time.Second / 100 // USER_HZ, the same on every Linux
	return time.Now().Add(time.Duration(ticks)*tick - time.Duration(now.Nano())), nil
}
