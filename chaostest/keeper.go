package chaostest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/spec"
)

// keeper says of each fault that its publisher is still there, several times in
// a lease, and ends those whose time is over.
type keeper struct {
	every time.Duration
	logf  func(string, ...any)
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu     sync.Mutex
	faults []*Fault
}

func keep(lease spec.Duration, logf func(string, ...any)) *keeper {
	ctx, stop := context.WithCancel(context.Background())
	k := &keeper{every: max(time.Duration(lease)/6, 500*time.Millisecond), logf: logf, stop: stop}
	k.done.Go(func() { k.speak(ctx) })
	return k
}

func (k *keeper) add(f *Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults = append(k.faults, f)
}

// drop lets a fault go: its lease lapses, unless it ends before.
func (k *keeper) drop(f *Fault) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults = slices.DeleteFunc(k.faults, func(o *Fault) bool { return o == f })
}

func (k *keeper) endAfter(f *Fault, d time.Duration) {
	due := time.After(d)
	ctx, stop := context.WithCancel(context.Background())
	before := k.stop
	k.stop = func() { before(); stop() }
	k.done.Go(func() {
		select {
		case <-due:
			if err := f.end(ctx); err != nil {
				k.logf("chaos: %v; it is tried again at the end of the test", err)
			}
		case <-ctx.Done():
		}
	})
}

func (k *keeper) close() {
	k.stop()
	k.done.Wait()
}

func (k *keeper) speak(ctx context.Context) {
	tick := time.NewTicker(k.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, f := range k.live() {
			if err := f.send(ctx, commands.Keep{}); err != nil && ctx.Err() == nil {
				k.logf("chaos: %v", err)
			}
		}
	}
}

// live are those that are not over.
func (k *keeper) live() []*Fault {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []*Fault
	for _, f := range k.faults {
		if !f.state().Phase.Over() {
			out = append(out, f)
		}
	}
	k.faults = out
	return append([]*Fault(nil), out...)
}
