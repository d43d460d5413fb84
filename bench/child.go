package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// endWithin bounds the clean end of a program.
const endWithin = 2 * time.Minute

// child is a program that is measured, or that one needs which is.
type child struct {
	what string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	left error         // as which it ended
}

// launch starts a program in a process group of its own; its output goes to
// a log.
func launch(what, log, program string, args ...string) (*child, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) //nolint:gosec // below a folder of our own
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", what, err)
	}
	defer out.Close() //nolint:errcheck // the process has its own
	c := &child{what: what, log: log, done: make(chan struct{})}
	c.cmd = exec.Command(program, args...) //nolint:gosec,noctx // the binary under test; end ends it
	c.cmd.Stdout, c.cmd.Stderr = out, out
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", what, err)
	}
	go func() {
		c.left = c.cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// await returns once the program is ready; one that ends before, or takes
// longer than within, is an error.
func (c *child) await(ctx context.Context, within time.Duration, ready func() bool) error {
	for late := time.After(within); !ready(); {
		select {
		case <-c.done:
			return fmt.Errorf("starting %s: it ended (%w); %s", c.what, c.left, lastLine(c.log))
		case <-late:
			return errors.Join(fmt.Errorf("starting %s: it was not ready within %s", c.what, within), c.end())
		case <-ctx.Done():
			return errors.Join(ctx.Err(), c.end())
		case <-time.After(2 * time.Millisecond):
		}
	}
	return nil
}

// says tells whether the log holds a text.
func (c *child) says(text string) func() bool {
	return func() bool {
		log, _ := os.ReadFile(c.log)
		return strings.Contains(string(log), text)
	}
}

// end asks the program to end and waits for it.
func (c *child) end() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ending %s: %w", c.what, err)
	}
	select {
	case <-c.done:
		if c.left != nil {
			return fmt.Errorf("ending %s: %w; %s", c.what, c.left, lastLine(c.log))
		}
		return nil
	case <-time.After(endWithin):
		err := c.cmd.Process.Kill()
		<-c.done
		return errors.Join(fmt.Errorf("ending %s: it did not end within %s and was killed", c.what, endWithin), err)
	}
}

// kill ends the program by SIGKILL, and returns when that was sent once the
// program is gone.
func (c *child) kill() (at time.Time, err error) {
	at = time.Now()
	if err := c.cmd.Process.Kill(); err != nil {
		return at, fmt.Errorf("killing %s: %w", c.what, err)
	}
	<-c.done
	return at, nil
}

func lastLine(file string) string {
	text, _ := os.ReadFile(file) //nolint:gosec // below a folder of our own
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// broker is a Kafka that is no part of the pipeline.
type broker struct {
	*child
	bin, home string
	addr      string
}

// startBroker starts one whose log lies below a folder: a second one there
// goes on where the first was killed.
func startBroker(ctx context.Context, bin, home string) (*broker, error) {
	b := &broker{bin: bin, home: home}
	return b, b.start(ctx)
}

func (b *broker) start(ctx context.Context) (err error) {
	at := filepath.Join(b.home, "sandbox", "kafka.addr")
	b.child, err = launch("the broker", filepath.Join(b.home, "broker.log"), filepath.Join(b.bin, "faultlined"), "sandbox", "--home", b.home, "broker")
	if err != nil {
		return err
	}
	return b.await(ctx, upWithin, func() bool {
		text, _ := os.ReadFile(at) //nolint:gosec // below a folder of our own
		b.addr = strings.TrimSpace(string(text))
		return b.addr != ""
	})
}
