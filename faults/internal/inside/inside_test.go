package inside_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
)

const command = "do-nothing"

// order is what the doer of these tests is told: to last.
type order struct{ Life inside.Life }

func TestMain(m *testing.M) {
	insidetest.Main(m, command, func(in io.Reader) error {
		var o order
		if err := inside.Await(in, &o); err != nil {
			return err
		}
		return o.Life.Last(time.Millisecond, func() error { return nil })
	})
}

// folder is a control group in all but the kernel's part.
func folder(t *testing.T) cgroup.Group {
	t.Helper()
	return cgroup.Group{Dir: t.TempDir()}
}

// receipt is one of a fault on the test's own process.
func receipt(t *testing.T) faults.Receipt {
	t.Helper()
	self, err := process.Self("test", "")
	require.NoError(t, err)
	r := faults.Receipt{ID: "e/s", BootID: self.BootID, Expires: ledger.Boottime() + time.Minute, Undo: map[string]string{
		"process": `{"pid":` + strconv.Itoa(self.PID) + `,"start_time":"` + self.StartTime + `","boot_id":"` + self.BootID + `"}`,
	}}
	require.NoError(t, inside.Name(r, t.TempDir()))
	t.Cleanup(func() { require.NoError(t, inside.End(context.Background(), r)) })
	return r
}

func start(ctx context.Context, t *testing.T, r faults.Receipt) error {
	t.Helper()
	life, err := inside.LifeOf(r)
	require.NoError(t, err)
	return inside.Start(ctx, r, inside.Doer{Args: []string{command, r.ID}, Group: folder(t), Order: order{life}, Sacrificed: true})
}

func TestADoerIsOnRecordAndGoes(t *testing.T) {
	r := receipt(t)
	s, err := inside.Doing(r)
	require.NoError(t, err)
	assert.Equal(t, process.Gone, s, "none was started")
	require.NoError(t, start(t.Context(), t, r))
	first := insidetest.Doer(t, r)
	assert.True(t, first.Alive())
	require.NoError(t, start(t.Context(), t, r), "one is enough")
	assert.Equal(t, first.PID, insidetest.Doer(t, r).PID)
	ended, stop := context.WithCancel(t.Context())
	stop()
	_ = inside.End(ended, r) // it sends the signal all the same
	insidetest.Until(t, "it is gone", func() bool { return !first.Alive() })
	require.NoError(t, inside.End(t.Context(), r))
	left, err := filepath.Glob(filepath.Join(filepath.Dir(r.Undo["doer"]), "*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestWhatCannotBePutOnRecordIsNotDone: and no process is left of it.
func TestWhatCannotBePutOnRecordIsNotDone(t *testing.T) {
	r := receipt(t)
	r.Undo["doer"] = filepath.Join(t.TempDir(), "nowhere", "faultline-doer-x.json")
	require.Error(t, start(t.Context(), t, r))

	r = receipt(t)
	life, err := inside.LifeOf(r)
	require.NoError(t, err)
	err = inside.Start(t.Context(), r, inside.Doer{Args: []string{command}, Group: cgroup.Group{Dir: "/nowhere"}, Order: order{life}})
	require.ErrorContains(t, err, "control group")

	r = receipt(t)
	ended, stop := context.WithCancel(t.Context())
	stop()
	require.ErrorIs(t, start(ended, t, r), context.Canceled)
	s, err := inside.Doing(r)
	require.NoError(t, err)
	assert.Equal(t, process.Gone, s)
}

func TestAReceiptNamesNoOtherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious.json")
	require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
	r := faults.Receipt{ID: "e/s", Undo: map[string]string{"doer": path}}
	require.Error(t, inside.End(t.Context(), r))
	require.FileExists(t, path)
}

// TestABlockedDoerEndsWithItsAgent: the pipe that its order would come by
// closes.
func TestABlockedDoerEndsWithItsAgent(t *testing.T) {
	for _, said := range []string{"", `{"life":{`} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], command) //nolint:gosec // the test itself
		cmd.Stdin = strings.NewReader(said)
		out, err := cmd.CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(out), "never told what to do")
	}
}

func TestALifeEnds(t *testing.T) {
	self, err := process.Self("test", "")
	require.NoError(t, err)
	gone := self
	gone.StartTime += "0"
	nothing := func() error { return nil }
	for want, l := range map[string]inside.Life{
		"its time is over":             {Target: self, Lease: time.Minute, Expires: ledger.Boottime() - 1},
		"the target's process is gone": {Target: gone, Lease: time.Minute, Expires: ledger.Boottime() + time.Minute},
		"has not kept it":              {Target: self, Lease: 10 * time.Millisecond, Expires: ledger.Boottime() + time.Minute},
	} {
		require.ErrorContains(t, l.Last(time.Millisecond, nothing), want)
	}
	l := inside.Life{Target: self, Lease: time.Minute, Expires: ledger.Boottime() + time.Minute}
	require.ErrorIs(t, l.Last(time.Millisecond, func() error { return context.Canceled }), context.Canceled)
}

// TestALifeIsKept: as long as its agent gives word, and no longer than a
// lease after that.
func TestALifeIsKept(t *testing.T) {
	self, err := process.Self("test", "")
	require.NoError(t, err)
	const lease = 300 * time.Millisecond
	l := inside.Life{Target: self, Lease: lease, Expires: ledger.Boottime() + time.Minute}
	began, words := ledger.Boottime(), 0
	var last time.Duration
	err = l.Last(time.Millisecond, func() error {
		if now := ledger.Boottime(); words < 5 && now-began >= time.Duration(words)*lease/3 {
			words, last = words+1, now
			return syscall.Kill(os.Getpid(), syscall.SIGUSR1)
		}
		return nil
	})
	require.ErrorContains(t, err, "has not kept it")
	assert.Equal(t, 5, words)
	assert.GreaterOrEqual(t, ledger.Boottime()-last, lease)
}

func TestPercentages(t *testing.T) {
	p := inside.Percent("to", "", "90%", 99)
	for text, want := range map[string]float64{"": 0.9, "1%": 0.01, "99%": 0.99, "12.5 %": 0.125} {
		if text != "" {
			require.NoError(t, p.Check(text))
		}
		assert.InDelta(t, want, inside.Share(map[string]string{"to": text}, p), 1e-9, text)
	}
	for _, text := range []string{"0%", "-1%", "99.1%", "0.5", "NaN%", "%", "Inf%"} {
		require.ErrorContains(t, p.Check(text), "write a percentage", text)
	}
}
