package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/k2-platform/faultline/halt"
)

const (
	haltFaults = 100
	haltRounds = 30
	haltP99    = 150 * time.Millisecond
)

// halting measures an operator's halt of everything while a hundred faults are
// in place: as a request over NATS, and as the command.
func (b *bench) halting(ctx context.Context) (err error) {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	h, err := startHost(ctx, b.bin, home, haltFaults)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	operator, err := h.connect(halt.RoleOperator)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, operator.Close()) }()
	figure := "halt of " + plural(haltFaults, "live fault")
	order := func(ctx context.Context) (string, error) {
		out, err := operator.Stop(ctx, halt.Order{By: "bench"}, nil)
		if err == nil && out.Undone() != haltFaults {
			err = fmt.Errorf("halting: %d faults were undone, not %d: %v", out.Undone(), haltFaults, out.Failed())
		}
		return out.Order, err
	}
	gone, answered, err := b.halts(ctx, h, operator, order)
	if err != nil {
		return err
	}
	b.add(figure+" asked for over NATS → all seen gone", "p99 ≤ 150 ms", gone.tail(), gone.at(0.99) <= haltP99)
	b.peer("the same → answered: all buried on disk", answered.tail())
	if gone, answered, err = b.halts(ctx, h, operator, h.haltCommand); err != nil {
		return err
	}
	b.add(figure+" by `faultline halt --all`, from its start → all seen gone", "p99 ≤ 150 ms", gone.tail(), gone.at(0.99) <= haltP99)
	b.peer("the same → the command ends", answered.tail())
	return nil
}

// halts pauses all targets and stops them, again and again.
func (b *bench) halts(ctx context.Context, h *host, operator *halt.Conn, stop func(context.Context) (order string, err error)) (gone, answered spread, err error) {
	for range haltRounds {
		took, said, err := h.haltOnce(ctx, operator, stop)
		if err != nil {
			return nil, nil, err
		}
		gone, answered = append(gone, took), append(answered, said)
		if len(gone)%10 == 0 {
			say(b.progress, fmt.Sprintf("  %d rounds: %s", len(gone), gone.tail()))
		}
	}
	return gone, answered, nil
}

func (h *host) haltOnce(ctx context.Context, operator *halt.Conn, stop func(context.Context) (string, error)) (gone, answered time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	release, err := h.paused(ctx, "halt-"+time.Now().UTC().Format("150405.000"), haltFaults)
	if err != nil {
		return 0, 0, err
	}
	defer release()
	began := time.Now()
	order, err := stop(ctx)
	if err != nil {
		return 0, 0, err
	}
	answered = time.Since(began)
	last, err := h.allGone(ctx, haltFaults)
	if err != nil {
		return 0, 0, err
	}
	_, err = operator.Lift(ctx, halt.Resume{Order: order, By: "bench"}, nil)
	return last.Sub(began), answered, err
}

// haltCommand is what an operator would type. It names the order's id.
func (h *host) haltCommand(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(h.bin, "faultline"), "halt", "--all", "--home", h.home, "--output", "json") //nolint:gosec // the binary under test
	cmd.Env = append(os.Environ(), "FAULTLINE_NATS_URL="+h.nats.URL())
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running faultline halt: %w: %s", err, out)
	}
	return orderOf(out)
}
