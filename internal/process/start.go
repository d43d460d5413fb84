package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// ErrNotSame says that the process of a record is gone, or that its pid
// belongs to somebody else now.
var ErrNotSame = errors.New("the recorded process is not there")

// Start runs the record's command in a session of its own, with its output
// appended to the record's log, and returns the record of the new process. It
// outlives the caller; while the caller lives, no zombie is left of it.
// The context bounds the start, not the process.
func Start(ctx context.Context, r Record) (Record, error) {
	if err := ctx.Err(); err != nil {
		return r, fmt.Errorf("starting %s: %w", r.Name, err)
	}
	if len(r.Command) == 0 {
		return r, fmt.Errorf("starting %s: its record holds no command; start it by hand", r.Name)
	}
	cmd := exec.Command(r.Command[0], r.Command[1:]...) //nolint:gosec,noctx // the recorded command; it must outlive the context
	cmd.Dir, cmd.Env = r.Dir, append(os.Environ(), r.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if r.Log != "" {
		log, err := os.OpenFile(r.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return r, fmt.Errorf("starting %s: opening its log: %w", r.Name, err)
		}
		defer func() { err = errors.Join(err, log.Close()) }()
		cmd.Stdout, cmd.Stderr = log, log
	}
	if err := cmd.Start(); err != nil {
		return r, fmt.Errorf("starting %s: %w", r.Name, err)
	}
	r.PID = cmd.Process.Pid
	started, err := r.identified()
	go func() { _ = cmd.Wait() }()
	if err != nil {
		return started, fmt.Errorf("starting %s: it ended at once; see %s: %w", r.Name, r.Log, err)
	}
	return started, nil
}

// Signal sends a signal to the process of the record, through a handle that
// a reused pid cannot fool. When it is gone the error is ErrNotSame.
func Signal(r Record, sig syscall.Signal) error {
	p, err := os.FindProcess(r.PID)
	if err != nil {
		return fmt.Errorf("signalling %s: %w", r.Name, errors.Join(ErrNotSame, err))
	}
	// The handle is taken first: if the record still fits after that, it is
	// the handle's process.
	if !r.Alive() {
		return errors.Join(fmt.Errorf("signalling %s, pid %d: %w", r.Name, r.PID, ErrNotSame), p.Release())
	}
	err = p.Signal(sig)
	if errors.Is(err, os.ErrProcessDone) {
		err = errors.Join(ErrNotSame, err) // it ended since it was looked at
	}
	if err != nil {
		return errors.Join(fmt.Errorf("signalling %s, pid %d: %w", r.Name, r.PID, err), p.Release())
	}
	return p.Release()
}
