package running

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
)

// unitAnswers is how long systemd may take to say what a unit is.
const unitAnswers = 10 * time.Second

// systemctl runs systemd's own tool (systemctl(1)), which knows each way to
// its manager. Where it cannot be asked it says why.
func systemctl(ctx context.Context, args ...string) (string, error) {
	tool, err := exec.LookPath("systemctl")
	if err != nil {
		return "", fmt.Errorf("%w: there is no systemctl here: %w; name the process by pid_file, match or record", faults.ErrRefused, err)
	}
	var out, said bytes.Buffer
	cmd := exec.CommandContext(ctx, tool, append([]string{"--no-ask-password", "--no-pager"}, args...)...) //nolint:gosec // found on the path
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("systemctl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(said.String()))
	}
	return out.String(), nil
}

// unitNow is a unit's main process; the zero record where it has none.
func unitNow(ctx context.Context, unit string) (process.Record, error) {
	ctx, stop := context.WithTimeout(ctx, unitAnswers)
	defer stop()
	out, err := systemctl(ctx, "show", "--property=LoadState,ActiveState,MainPID", "--", unit)
	if err != nil {
		return process.Record{}, err
	}
	is := map[string]string{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		is[name] = value
	}
	if is["LoadState"] != "loaded" {
		return process.Record{}, fmt.Errorf("%w: systemd says that unit %s is %q; see systemctl list-units", faults.ErrRefused, unit, is["LoadState"])
	}
	pid, err := strconv.Atoi(is["MainPID"])
	if err != nil {
		return process.Record{}, fmt.Errorf("systemd says that the main process of unit %s is %q", unit, is["MainPID"])
	}
	if pid == 0 {
		return process.Record{}, nil
	}
	r, err := process.Record{PID: pid}.Identified()
	if errors.Is(err, process.ErrNotSame) {
		return process.Record{}, nil
	}
	return r, err
}

// startUnit has systemd start the unit, and waits for that.
func (t Target) startUnit(ctx context.Context) error {
	_, err := systemctl(ctx, "start", "--", t.Unit)
	return err
}

// signalUnit has systemd end the unit as it ends units: Restart= does not
// bring it back. A kill is sent to the process first, as a crash would be.
func (t Target) signalUnit(ctx context.Context, sig syscall.Signal) error {
	if sig == syscall.SIGKILL {
		if err := process.Signal(t.Process, sig); err != nil && !errors.Is(err, process.ErrNotSame) {
			return err
		}
	}
	_, err := systemctl(ctx, "stop", "--no-block", "--", t.Unit)
	return err
}
