package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

const (
	crowdBaseline = 3 * time.Second
	crowdFault    = 2 * time.Second
	crowdWithin   = 15 * time.Minute
)

// tally counts how the experiments of a crowd ended.
type tally struct {
	mu       sync.Mutex
	ends     map[spec.ExperimentID]int
	verdicts map[events.Verdict]int
	all      chan struct{} // closed once each has ended
	want     int
}

func newTally(want int) *tally {
	return &tally{ends: map[spec.ExperimentID]int{}, verdicts: map[events.Verdict]int{}, all: make(chan struct{}), want: want}
}

func (t *tally) see(a handlers.Accepted) {
	for _, e := range a.Batch.Events {
		end, ok := e.(events.Concluded)
		if !ok {
			continue
		}
		t.mu.Lock()
		t.verdicts[end.Verdict]++
		t.ends[a.Batch.Experiment]++
		if t.ends[a.Batch.Experiment] == 1 && len(t.ends) == t.want {
			close(t.all)
		}
		t.mu.Unlock()
	}
}

// String says what was counted; double are those with more than one verdict.
func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	double := 0
	for _, n := range t.ends {
		if n > 1 {
			double++
		}
	}
	return fmt.Sprintf("%d of %d concluded (%d upheld, %d refuted, %d inconclusive), %d with two verdicts",
		len(t.ends), t.want, t.verdicts[events.Upheld], t.verdicts[events.Refuted], t.verdicts[events.Inconclusive], double)
}

func (t *tally) whole() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.ends) == t.want && t.verdicts[events.Upheld] == t.want && t.verdicts[events.Refuted]+t.verdicts[events.Inconclusive] == 0
}

// atOnce runs a crowd of experiments whose fault breaks nothing.
func (b *bench) atOnce(ctx context.Context) (err error) {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	s, platform, err := startService(home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	p, err := startUp(ctx, b.bin, home, "--platform", platform)
	if err != nil {
		return err
	}
	t := newTally(b.crowd)
	took, err := b.run(ctx, home, t)
	_, peak := p.rss()
	began := time.Now()
	if err := errors.Join(err, p.end()); err != nil {
		return err
	}
	ended := time.Since(began)
	rows, err := verdictRows(ctx, b.bin, home)
	if err != nil {
		return err
	}
	figure := fmt.Sprintf("%d experiments (no fault) at once", b.crowd)
	b.add(figure, "none lost or stuck", t.String()+fmt.Sprintf("; %d in the tables", rows), t.whole() && rows == b.crowd)
	b.peer(figure+", all over after", fmt.Sprintf("%s, of which %s are their baseline and fault", short(took), short(crowdBaseline+crowdFault)))
	b.peer(figure+", memory at its peak", mib(peak))
	b.peer(figure+", `up` ended after", short(ended))
	return nil
}

// run schedules the crowd and waits until each is over.
func (b *bench) run(ctx context.Context, home string, t *tally) (took time.Duration, err error) {
	c, err := dial(ctx, home)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.log.Listen(t.see)
	began := time.Now()
	problems := make([]error, b.crowd)
	var sending sync.WaitGroup
	for i := range b.crowd {
		sending.Go(func() {
			_, problems[i] = c.send(ctx, spec.ExperimentID(fmt.Sprintf("crowd-%04d", i)), commands.Schedule{Document: quiet(crowdBaseline, crowdFault)})
		})
	}
	sending.Wait()
	if err := errors.Join(problems...); err != nil {
		return 0, err
	}
	late := time.After(crowdWithin)
	for beat := time.NewTicker(10 * time.Second); ; {
		select {
		case <-t.all:
			beat.Stop()
			return time.Since(began), nil
		case <-beat.C:
			say(b.progress, fmt.Sprintf("  after %s: %s", short(time.Since(began)), t))
		case <-late:
			return time.Since(began), nil // the tally says who is missing
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// verdictRows counts the experiments that the tables know to be over.
func verdictRows(ctx context.Context, bin, home string) (int, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(bin, "faultlined"), "list", "--home", home, "-o", "json").Output() //nolint:gosec // the binary under test
	if err != nil {
		return 0, fmt.Errorf("reading the tables: %w", err)
	}
	var all []struct{ Phase string }
	if err := json.Unmarshal(out, &all); err != nil {
		return 0, fmt.Errorf("reading the tables: %w", err)
	}
	n := 0
	for _, e := range all {
		if e.Phase == "concluded" {
			n++
		}
	}
	return n, nil
}
