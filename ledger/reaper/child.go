package reaper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
)

const (
	agentRecord = "agent.json" // in the ledger's folder: who uses it
	logName     = "reaper.log" // beside it
	longestLog  = 1 << 20
	// closeWithin is how long Close waits for a reaper that has faults to undo.
	closeWithin = 5 * time.Second
)

// ErrStillUndoes says that the reaper has faults to undo. It goes on by itself.
var ErrStillUndoes = errors.New("the reaper is still undoing faults")

// StartConfig says whom to start, and for which ledger.
type StartConfig struct {
	// Command is the reaper's program and first arguments. Empty is the light
	// binary beside the caller's own.
	Command []string
	Env     []string // on top of the caller's
	Ledger  *ledger.Ledger
	Home    string        // state folder: of drivers, and of the halt file
	Silence time.Duration // see Config
	Log     *slog.Logger
}

// Child is the agent's side of its reaper. It outlives the agent.
type Child struct {
	record process.Record
	pipe   *os.File
	raw    syscall.RawConn
	done   chan struct{}
	log    string
}

// Start starts a reaper for the calling process, in a session of its own, and
// returns once it watches. ctx bounds the start, not the reaper. Beat from then
// on more often than Silence.
func Start(ctx context.Context, c StartConfig) (*Child, error) {
	child, err := start(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("starting the reaper: %w; without one nothing may be injected", err)
	}
	c.Log.Info("a reaper watches", "pid", child.PID(), "silence", c.Silence)
	return child, nil
}

func start(ctx context.Context, c StartConfig) (_ *Child, err error) {
	self, err := process.Self("agent", "")
	if err != nil {
		return nil, err
	}
	if err := self.Write(filepath.Join(c.Ledger.Dir(), agentRecord)); err != nil {
		return nil, err
	}
	cmd, logFile, err := c.command(self)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()
	pulse, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	watching, ready, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, pulse.Close(), pipe.Close())
	}
	defer func() { err = errors.Join(err, watching.Close()) }()
	cmd.ExtraFiles = []*os.File{pulse, ready}
	err = cmd.Start()
	if err = errors.Join(err, pulse.Close(), ready.Close()); err != nil {
		return nil, errors.Join(err, pipe.Close())
	}
	child := &Child{pipe: pipe, done: make(chan struct{}), log: logFile.Name()}
	child.record, err = process.Record{Name: "reaper", PID: cmd.Process.Pid}.Identified()
	go func() {
		_ = cmd.Wait()
		close(child.done)
	}()
	if err == nil {
		child.raw, err = pipe.SyscallConn()
	}
	if err == nil {
		err = child.await(ctx, watching)
	}
	if err != nil {
		return nil, errors.Join(err, pipe.Close())
	}
	return child, nil
}

// command opens the log that the reaper writes: a file, since a pipe could
// end, or fill up, with the agent.
func (c StartConfig) command(self process.Record) (*exec.Cmd, *os.File, error) {
	argv := c.Command
	if len(argv) == 0 {
		argv = []string{filepath.Join(filepath.Dir(self.Command[0]), "faultline"), "reaper"}
	}
	argv = append(slices.Clip(argv), "--ledger", c.Ledger.Dir(), "--home", c.Home,
		"--agent-pid", strconv.Itoa(self.PID), "--agent-start", self.StartTime, "--silence", c.Silence.String())
	path := filepath.Join(c.Ledger.Dir(), logName)
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if info, err := os.Stat(path); err == nil && info.Size() > longestLog {
		flags |= os.O_TRUNC
	}
	log, err := os.OpenFile(path, flags, 0o600) //nolint:gosec // below the ledger's folder
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // our own program; it must outlive every context of the agent
	cmd.Env = append(os.Environ(), c.Env...)
	cmd.Dir = "/" // it must not hold a folder of the agent
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, log, nil
}

func (c *Child) await(ctx context.Context, watching *os.File) error {
	stop := context.AfterFunc(ctx, func() { _ = watching.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err := watching.Read(make([]byte, 1))
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("it ended at once; see %s", c.log)
	}
	return errors.Join(err, ctx.Err())
}

// Beat tells the reaper that the agent is well, and whether a fault is in place
// or about to be: say so before its receipt is written. It never blocks.
func (c *Child) Beat(holding bool) {
	if holding {
		c.say(holds)
		return
	}
	c.say(beat)
}

// say writes past the poller, which would wait while the pipe is full: of a
// reaper that does not read.
func (c *Child) say(b byte) {
	_ = c.raw.Write(func(fd uintptr) bool {
		_, _ = unix.Write(int(fd), []byte{b})
		return true
	})
}

// Done is closed when the reaper has ended. Inject nothing from then on, and
// start another.
func (c *Child) Done() <-chan struct{} { return c.done }

// PID is the reaper's process id.
func (c *Child) PID() int { return c.record.PID }

// Watches looks whether the reaper is there and runs: Done tells nothing of
// one that was paused.
func (c *Child) Watches() bool { return c.record.State() == process.Running }

// Close ends the reaper in order. Where faults are live it undoes them first;
// if that takes long Close returns ErrStillUndoes and the reaper goes on.
func (c *Child) Close() error {
	c.say(bye)
	if err := c.pipe.Close(); err != nil {
		return fmt.Errorf("ending the reaper: %w", err)
	}
	timer := time.NewTimer(closeWithin)
	defer timer.Stop()
	select {
	case <-c.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("ending the reaper, pid %d: %w; see %s", c.PID(), ErrStillUndoes, c.log)
	}
}

// AgentOf is the record of the process that last started a reaper for a
// ledger; the zero record, which is not alive, if none did or it cannot be read.
func AgentOf(dir string) process.Record {
	r, err := process.Read(filepath.Join(dir, agentRecord))
	if err != nil {
		return process.Record{}
	}
	return r
}
