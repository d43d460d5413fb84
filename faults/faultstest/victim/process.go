package victim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// sleeper is a process that is found by its pid file, and can be started again.
type sleeper struct{ spec spec.Process }

func sleeps(tb testing.TB, dir string) sleeper {
	tb.Helper()
	s := sleeper{spec.Process{PIDFile: filepath.Join(dir, "victim.pid"), Command: []string{"sleep", "3600"}, Dir: dir, Log: filepath.Join(dir, "log")}}
	r, err := process.Start(context.WithoutCancel(tb.Context()), process.Record{Name: "victim", Command: s.spec.Command, Dir: dir})
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(s.spec.PIDFile, []byte(strconv.Itoa(r.PID)+"\n"), 0o644)) //nolint:gosec // for anybody to read
	tb.Cleanup(s.gone)
	return s
}

// now is the process that the pid file names; false where it names none that
// runs.
func (s sleeper) now() (process.Record, process.State, error) {
	text, err := os.ReadFile(s.spec.PIDFile)
	if err != nil {
		return process.Record{}, process.Gone, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return process.Record{}, process.Gone, err
	}
	r, err := process.Record{Name: "victim", PID: pid}.Identified()
	if errors.Is(err, process.ErrNotSame) {
		return r, process.Gone, nil
	}
	if err != nil {
		return r, process.Gone, err
	}
	state, err := r.Look()
	return r, state, err
}

func (s sleeper) look() (string, error) {
	_, state, err := s.now()
	switch state {
	case process.Gone:
		return "gone", err
	case process.Paused:
		return "stands still", err
	case process.Running:
	}
	return "runs", err
}

func (s sleeper) gone() {
	r, state, err := s.now()
	if err != nil || state == process.Gone {
		return
	}
	_ = process.Signal(r, syscall.SIGKILL)
	for r.Alive() {
		_ = process.Signal(r, 0)
	}
}

// started is a process; ends says that the fault is its end.
func started(ends bool) func(testing.TB, string) Victim {
	return func(tb testing.TB, dir string) Victim {
		tb.Helper()
		s := sleeps(tb, dir)
		return Victim{Target: spec.Target{Process: &s.spec}, Look: s.look, Gone: s.gone, Ends: ends}
	}
}
