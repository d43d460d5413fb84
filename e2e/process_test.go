//go:build e2e

package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// child is a process that ends with the test, even when that is killed.
type child struct {
	name, log string
	cmd       *exec.Cmd
	done      chan error
	ended     bool
}

// start starts a process in a folder, with its output in a file there that is
// shown when the test fails.
func start(t *testing.T, dir, name string, argv ...string) *child {
	t.Helper()
	c := &child{name: name, log: filepath.Join(dir, name+".log"), done: make(chan error, 1)}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	c.cmd = exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // this project's own binary; end ends it
	c.cmd.Dir, c.cmd.Env, c.cmd.Stdout, c.cmd.Stderr = dir, environment(), log, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // what dies with its parent dies with the parent's thread
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.done <- c.cmd.Wait()
		}
		_ = log.Close()
	}()
	require.NoError(t, <-started)
	t.Cleanup(func() {
		c.end(t)
		if t.Failed() {
			text, _ := os.ReadFile(c.log)
			t.Logf("log of %s:\n%s", c.name, text)
		}
	})
	return c
}

// longestStart is how long a process may take to serve, on a machine that has
// much else to do.
const longestStart = 3 * time.Minute

// ready waits for a file that the process writes once it serves.
func (c *child) ready(t *testing.T, file string) {
	t.Helper()
	for end := time.Now().Add(longestStart); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(file); err == nil {
			return
		}
		select {
		case err := <-c.done:
			c.ended = true
			require.FailNow(t, c.name+" ended before it was ready", err)
		default:
		}
	}
	require.FailNow(t, c.name+" was not ready within "+longestStart.String())
}

// end asks the process to end, which takes what it undoes on its way.
func (c *child) end(t *testing.T) {
	t.Helper()
	if c.ended {
		return
	}
	c.ended = true
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("ending %s: %v", c.name, err)
	}
	select {
	case err := <-c.done:
		if err != nil {
			t.Errorf("ending %s: %v", c.name, err)
		}
	case <-time.After(90 * time.Second):
		t.Errorf("%s did not end on TERM within 90 s: %v, %v", c.name, c.cmd.Process.Kill(), <-c.done)
	}
}

// environment is that of the test without settings of Faultline, which would
// beat those that the test writes.
func environment() []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "FAULTLINE_") {
			out = append(out, v)
		}
	}
	return out
}
