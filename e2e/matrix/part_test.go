//go:build failpoint

package matrix_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// part is a process that an init system would start again whenever it ends.
type part struct {
	name string
	argv []string
	dir  string
	env  []string
	// before is run before each start but the first, to its end.
	before []string
	rest   time.Duration // before it is started again

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended bool
	done  chan struct{} // closed when it is ended for good
}

func (p *part) start() error {
	p.done = make(chan struct{})
	if err := p.spawn(); err != nil {
		return err
	}
	go func() {
		defer close(p.done)
		for {
			_ = p.current().Wait()
			p.mu.Lock()
			ended := p.ended
			p.mu.Unlock()
			if ended {
				return
			}
			if len(p.before) > 0 {
				_ = p.command(p.before).Run()
			}
			time.Sleep(p.rest) // as the unit's RestartSec
			for p.spawn() != nil {
				time.Sleep(p.rest)
			}
		}
	}()
	return nil
}

func (p *part) current() *exec.Cmd {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd
}

func (p *part) command(argv []string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // this project's own binary; end ends it
	cmd.Dir, cmd.Env = p.dir, append(os.Environ(), p.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.OpenFile(filepath.Join(p.dir, p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		cmd.Stdout, cmd.Stderr = log, log
	}
	return cmd
}

func (p *part) spawn() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil
	}
	cmd := p.command(p.argv)
	err := cmd.Start()
	if log, ok := cmd.Stdout.(*os.File); ok {
		_ = log.Close()
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	p.cmd = cmd
	return nil
}

// end asks it to end, for good, and kills it when it does not.
func (p *part) end() {
	p.mu.Lock()
	p.ended = true
	cmd := p.cmd
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGCONT)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-p.done
	}
}
