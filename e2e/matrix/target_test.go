//go:build failpoint

package matrix_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
)

// target is a process that a fault stops, and who watches it: each
// millisecond, whether it stands still.
type target struct {
	record string
	stat   string

	mu      sync.Mutex
	stands  bool
	changes []change
	stop    chan struct{}
	done    sync.WaitGroup
}

type change struct {
	at     time.Time
	stands bool
}

func startTarget(t *testing.T, dir string) *target {
	t.Helper()
	cmd := exec.Command(os.Args[0], "target") //nolint:gosec,noctx // this very binary; it is killed below
	require.NoError(t, cmd.Start())
	r, err := process.Record{Name: "one", PID: cmd.Process.Pid, Command: cmd.Args, Dir: dir}.Identified()
	require.NoError(t, err)
	x := &target{record: filepath.Join(dir, "one.json"), stat: fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid), stop: make(chan struct{})}
	require.NoError(t, r.Write(x.record))
	x.done.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-x.stop:
				return
			case <-tick.C:
				x.look()
			}
		}
	})
	t.Cleanup(func() {
		close(x.stop)
		x.done.Wait()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return x
}

func (x *target) look() {
	text, err := os.ReadFile(x.stat)
	if err != nil {
		return
	}
	after := text[bytes.LastIndexByte(text, ')')+1:]
	stands := bytes.HasPrefix(bytes.TrimSpace(after), []byte("T"))
	x.mu.Lock()
	defer x.mu.Unlock()
	if stands != x.stands {
		x.stands = stands
		x.changes = append(x.changes, change{time.Now(), stands})
	}
}

func (x *target) standsStill() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.stands
}

// goneAfter is how long after a moment, at which it stood still, the target
// went on; false where it did not stand still then, or never went on.
func (x *target) goneAfter(at time.Time) (time.Duration, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	stood := false
	for _, c := range x.changes {
		if c.at.Before(at) {
			stood = c.stands
			continue
		}
		if stood && !c.stands {
			return c.at.Sub(at), true
		}
		if !stood {
			return 0, false
		}
	}
	return 0, false
}

// longest is the longest time that it stood still.
func (x *target) longest() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out time.Duration
	for i, c := range x.changes {
		if !c.stands && i > 0 {
			out = max(out, c.at.Sub(x.changes[i-1].at))
		}
	}
	return out
}
