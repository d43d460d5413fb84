package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// part is a process of the demo. It ends with the demo, even when that is
// killed.
type part struct {
	name, mark, log string
	since           time.Time
	cmd             *exec.Cmd
	file            *os.File
	done            chan error
	ended           bool
}

// startPart starts a process that is ready once it wrote the file mark. What
// it says goes to a log file below home.
func startPart(home, name, mark string, argv []string) (*part, error) {
	p := &part{name: name, mark: mark, since: time.Now(), log: filepath.Join(home, "demo-"+name+".log"), done: make(chan error, 1)}
	file, err := os.Create(p.log)
	if err != nil {
		return nil, fmt.Errorf("starting the %s: %w", name, err)
	}
	p.file = file
	p.cmd = exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // this program itself; it is ended by end
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the %s: %w", name, err), file.Close())
	}
	go func() { p.done <- p.cmd.Wait() }()
	return p, nil
}

func (p *part) ready(ctx context.Context, within time.Duration) error {
	late := time.After(within)
	for {
		// An older mark is that of an earlier life, or of another process.
		if info, err := os.Stat(p.mark); err == nil && info.ModTime().After(p.since) {
			return nil
		}
		select {
		case err := <-p.done:
			p.done <- err
			return fmt.Errorf("starting the %s: it ended (%w); see %s", p.name, err, p.log)
		case <-late:
			return fmt.Errorf("starting the %s: it was not ready within %s; see %s", p.name, within, p.log)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// end asks the process to end and kills it when it does not. It is idempotent.
func (p *part) end() error {
	if p.ended {
		return nil
	}
	p.ended = true
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending the %s: %w", p.name, err)
	}
	var err error
	select {
	case err = <-p.done:
	case <-time.After(demoEnd):
		err = errors.Join(fmt.Errorf("it did not end within %s and was killed", demoEnd), p.cmd.Process.Kill(), <-p.done)
	}
	if err != nil {
		err = fmt.Errorf("ending the %s: %w; see %s", p.name, err, p.log)
	}
	return errors.Join(err, p.file.Close())
}
