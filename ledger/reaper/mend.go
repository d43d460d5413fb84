package reaper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/ledger"
)

const (
	killSignal  = unix.SIGKILL
	firstRest   = 100 * time.Millisecond // between two attempts
	longestRest = 5 * time.Second
)

// guard enforces life-times and halts until ctx ends. An agent that beats says
// before it writes a receipt that it will, so that what is not there yet is not
// overlooked where the looks are seldom.
func (r *reaper) guard(ctx context.Context) {
	next := time.NewTimer(lookEvery)
	defer next.Stop()
	var last string
	for {
		said := ""
		calm, err := r.look(ctx)
		if err != nil && ctx.Err() == nil {
			said = err.Error()
		}
		if said != "" && said != last { // four times a second would fill the log
			r.Log.Error("looking after life-times and halts", "error", said)
		}
		last = said
		if calm && r.Heartbeat != nil && !r.held.Load() {
			next.Reset(lookSeldom)
		} else {
			next.Reset(lookEvery)
		}
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		case <-r.heard:
		}
	}
}

// look undoes what is overdue or halted, and says whether there was nothing
// that could be. A halt file is put on record first, so that nothing new can
// come; where that fails all is undone just as well.
func (r *reaper) look(ctx context.Context) (calm bool, err error) {
	halt, all := ledger.Halt{}, false
	var problems []error
	if r.HaltFile != "" {
		if halt, all = ledger.HaltFile(r.HaltFile); all {
			if _, latched := r.Ledger.Latched(); !latched {
				r.Log.Warn("halted by a file", "file", r.HaltFile, "why", halt.Why)
				problems = append(problems, r.Ledger.Halt(ctx, halt))
			}
		}
	}
	live, err := r.Ledger.Live(ctx)
	if err == nil {
		r.remember(live)
	}
	problems = append(problems, err)
	if len(live) == 0 {
		err = errors.Join(problems...)
		return err == nil, err
	}
	boot, err := ledger.BootID()
	problems = append(problems, err)
	for _, rec := range live {
		h, halted := halt, all
		if !halted {
			h, halted = r.Ledger.Halted(rec.Experiment)
		}
		switch {
		case halted:
			r.mend(ctx, rec, causeHalt, fmt.Sprintf("reaper: halt %s by %s", h.ID, h.By))
		case rec.BootID != boot:
			r.mend(ctx, rec, causeGone, "reaper: the machine was started anew")
		case ledger.Expired(rec, r.Now()-grace, boot):
			r.mend(ctx, rec, causeDeadline, "reaper: its life-time is over")
		}
	}
	return false, errors.Join(problems...)
}

func (r *reaper) remember(live []faults.Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = live
}

// byHeart undoes what was live when the ledger could last be read: its disk
// may be gone with the agent.
func (r *reaper) byHeart(ctx context.Context) []<-chan struct{} {
	r.mu.Lock()
	seen := r.seen
	r.seen = nil
	r.mu.Unlock()
	var undone []<-chan struct{}
	for _, rec := range seen {
		r.Log.Warn("undoing from memory: the ledger cannot be read", "receipt", rec.ID, "kind", rec.Kind, "target", rec.Target)
		undone = append(undone, r.background(rec.ID+" by heart", func() {
			for wait := firstRest; ; wait = min(2*wait, longestRest) {
				err := r.safely(ctx, rec)
				if err == nil {
					return
				}
				r.Log.Warn("undoing a fault; it is tried again", "receipt", rec.ID, "error", err)
				if !pause.For(ctx, wait) {
					return
				}
			}
		}))
	}
	return undone
}

// undoAll undoes what is live now, whatever it takes, and returns when that is
// gone or ctx has ended. What another agent puts in place meanwhile is left to
// that agent's reaper.
func (r *reaper) undoAll(ctx context.Context, by string) error {
	var undone []<-chan struct{}
	for wait := firstRest; ; wait = min(2*wait, longestRest) {
		live, err := r.Ledger.Live(ctx)
		for _, rec := range live {
			undone = append(undone, r.mend(ctx, rec, causeGone, by))
		}
		if err == nil {
			r.remember(live)
			break
		}
		r.Log.Error("reading the ledger", "error", err)
		if len(live) == 0 {
			undone = append(undone, r.byHeart(ctx)...)
		}
		if errors.Is(err, os.ErrNotExist) {
			break // the ledger itself is gone
		}
		if !pause.For(ctx, wait) {
			break
		}
	}
	for _, done := range undone {
		<-done
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("undoing what is live: %w; undo the rest with faultline ledger undo", err)
	}
	return nil
}

// mend undoes one receipt in the background, until it is gone or ctx ends; the
// channel is closed then. One that is being undone already is left to that.
func (r *reaper) mend(ctx context.Context, rec faults.Receipt, cause, by string) <-chan struct{} {
	return r.background(rec.ID, func() { r.until(ctx, rec, cause, by) })
}

func (r *reaper) background(id string, do func()) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if done, ok := r.at[id]; ok {
		return done
	}
	done := make(chan struct{})
	r.at[id] = done
	r.wait.Go(func() {
		do()
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.at, id)
		close(done)
	})
	return done
}

func (r *reaper) until(ctx context.Context, rec faults.Receipt, cause, by string) {
	log := r.Log.With("receipt", rec.ID, "kind", rec.Kind, "target", rec.Target)
	for wait := firstRest; ; wait = min(2*wait, longestRest) {
		t, err := r.Ledger.Undo(ctx, rec.ID, cause, by, r.safely)
		switch {
		case err == nil:
			log.Info("a fault is gone", "cause", t.Cause, "by", t.By)
			return
		case errors.Is(err, ledger.ErrNoReceipt):
			return
		}
		if _, gone := os.Stat(r.Ledger.Dir()); errors.Is(gone, os.ErrNotExist) {
			if err = r.safely(ctx, rec); err == nil {
				return // there is nothing to bury it in
			}
		}
		log.Warn("undoing a fault; it is tried again", "error", err)
		if !pause.For(ctx, wait) {
			return
		}
	}
}

// safely keeps a driver that panics from taking the other undoings with it.
func (r *reaper) safely(ctx context.Context, rec faults.Receipt) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("undoing %s on %s: the driver panicked: %v", rec.Kind, rec.Target, p)
		}
	}()
	return r.Undo(ctx, rec)
}
