package inside

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/running"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/process"
)

const (
	undoDoer  = "doer" // file that names the doer by pid and start time
	prefix    = "faultline-doer-"
	logSuffix = ".log"
	lastWords = 400 // bytes
)

// Doer is a process of Faultline's own, started from the program that runs.
type Doer struct {
	Args  []string     // of the program: a command that calls Await
	Group cgroup.Group // where it does what it does; the zero value leaves it where its starter is
	Order any          // what that is, as JSON
	// Sacrificed says that the kernel is to kill it before all others where
	// memory is short.
	Sacrificed bool
}

// Name adds to a receipt the file that will name its doer, which nobody has
// yet. dir "" is the system's folder for temporary files.
func Name(r faults.Receipt, dir string) error {
	if dir == "" {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir) // the one who undoes may stand in another folder
	if err != nil {
		return fmt.Errorf("naming a process of its own: %w", err)
	}
	r.Undo[undoDoer] = filepath.Join(dir, prefix+rand.Text()+".json")
	return nil
}

// named refuses a receipt that would have another file removed.
func named(r faults.Receipt) (string, error) {
	path := r.Undo[undoDoer]
	if !filepath.IsAbs(path) || !strings.HasPrefix(filepath.Base(path), prefix) {
		return "", fmt.Errorf("receipt %s names no process of its own: %q", r.ID, path)
	}
	return path, nil
}

// Start starts the doer of a receipt, unless it runs. It does nothing before
// the file that the receipt names is on disk with its pid and start time; should
// this process die first, it ends.
func Start(ctx context.Context, r faults.Receipt, d Doer) error {
	path, err := named(r)
	if err == nil {
		var s process.State
		if s, err = Doing(r); s != process.Gone && err == nil {
			return nil
		}
	}
	if err != nil {
		return err
	}
	order, err := json.Marshal(d.Order)
	if err != nil {
		return fmt.Errorf("writing the order of a process of its own: %w", err)
	}
	cmd, release, err := d.blocked(path)
	if err != nil {
		return fmt.Errorf("starting a process of its own: %w", errors.Join(err, forget(path)))
	}
	err = d.place(ctx, cmd.Process.Pid, r, path)
	if err == nil {
		_, err = release.Write(append(order, '\n'))
	}
	if err = errors.Join(err, release.Close()); err != nil {
		return fmt.Errorf("starting a process of its own: %w", errors.Join(err, cmd.Process.Kill(), forget(path)))
	}
	return nil
}

// blocked starts the process, which waits for its order at the other end of
// release.
func (d Doer) blocked(path string) (cmd *exec.Cmd, release *os.File, err error) {
	in, release, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	log, err := os.OpenFile(path+logSuffix, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // the file that the receipt names
	if err != nil {
		return nil, nil, errors.Join(err, in.Close(), release.Close())
	}
	// The running program itself, also after its file was replaced.
	cmd = exec.Command("/proc/self/exe", d.Args...) //nolint:gosec,noctx // it must outlive the context
	cmd.Args[0] = "faultline"
	cmd.Env = []string{} // what it needs is in its order
	cmd.Dir, cmd.Stdin, cmd.Stderr = "/", in, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	if err = errors.Join(err, in.Close(), log.Close()); err != nil {
		return nil, nil, errors.Join(err, release.Close())
	}
	go func() { _ = cmd.Wait() }()
	return cmd, release, nil
}

// place puts a blocked process where it belongs, and then on record.
func (d Doer) place(ctx context.Context, pid int, r faults.Receipt, path string) error {
	who, err := process.Record{Name: "doer of " + r.ID, PID: pid}.Identified()
	if err != nil {
		return err
	}
	if d.Sacrificed {
		const first = "1000" // proc_pid_oom_score_adj(5)
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), []byte(first), 0o600); err != nil {
			return err
		}
	}
	if d.Group != (cgroup.Group{}) {
		if err := d.Group.Join(pid); err != nil {
			return err
		}
	}
	if err := who.Write(path); err != nil {
		return err
	}
	return ctx.Err()
}

// Doing looks for the doer of a receipt. It is process.Gone before its start,
// too.
func Doing(r faults.Receipt) (process.State, error) {
	who, err := doer(r)
	if err != nil {
		return process.Gone, err
	}
	return who.Look()
}

// PID is that of the receipt's doer; 0 where it has none.
func PID(r faults.Receipt) (int, error) {
	who, err := doer(r)
	return who.PID, err
}

// doer is the zero record where none was started.
func doer(r faults.Receipt) (process.Record, error) {
	path, err := named(r)
	if err != nil {
		return process.Record{}, err
	}
	who, err := process.Read(path)
	if errors.Is(err, process.ErrNoRecord) {
		return process.Record{}, nil
	}
	return who, err
}

// End kills the doer of a receipt, waits for its end, and removes what named
// it. It sends the signal even when ctx has ended. One that is gone is no error.
func End(ctx context.Context, r faults.Receipt) error {
	path, err := named(r)
	if err != nil {
		return err
	}
	who, err := doer(r)
	if err != nil {
		return err
	}
	if err := (running.Target{Process: who}).End(ctx, syscall.SIGKILL); err != nil {
		return err
	}
	return forget(path)
}

func forget(path string) error {
	var problems []error
	for _, p := range []string{path, path + logSuffix} {
		if err := os.Remove(p); err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// Keep renews the doer's life. One that is gone is an error with its last
// words.
func Keep(r faults.Receipt) error {
	who, err := doer(r)
	if err != nil {
		return err
	}
	err = process.Signal(who, kept)
	if errors.Is(err, process.ErrNotSame) {
		return fmt.Errorf("%w: %s", err, Words(r))
	}
	return err
}

// Words are why the doer of a receipt ended, as far as it could say.
func Words(r faults.Receipt) string {
	path, err := named(r)
	if err != nil {
		return err.Error()
	}
	text, err := os.ReadFile(path + logSuffix) //nolint:gosec // the file that the receipt names
	text = bytes.TrimSpace(text)
	if err != nil || len(text) == 0 {
		return "it said nothing, as one does that was killed"
	}
	return strconv.Quote(string(text[max(0, len(text)-lastWords):]))
}
