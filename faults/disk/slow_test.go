package disk_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/disk"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/spec"
)

// loop is a folder on a disk of its own.
func loop(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	mount(t, image(t), dir)
	return dir
}

func group(t *testing.T) cgroup.Group {
	t.Helper()
	g := cgrouptest.Make(t, cgroup.IO)
	_, err := g.Rate(cgroup.ReadOps, "7:0")
	roottest.Need(t, "limiting disks", err)
	insidetest.In(t, g)
	return g
}

func slow(path string, with ...string) spec.Fault {
	f := full(with...)
	f.Kind, f.Target = disk.SlowKind, faultstest.Name
	if path != "" {
		f.With["path"] = path
	}
	return f
}

func TestSlowDriver(t *testing.T) {
	group(t)
	path, dir := loop(t), t.TempDir()
	faultstest.Run(t, faultstest.Suite{
		Fault: slow(path, "read_bytes_per_second", "1MiB", "write_iops", "100"),
		New:   func() faults.Driver { return disk.Slow{Dir: dir} },
	})
	noted, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Empty(t, noted, "notes of limits that are put back")
}

// TestTheDiskIsSlow writes in the target's group.
func TestTheDiskIsSlow(t *testing.T) {
	g, path := group(t), loop(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	d := disk.Slow{Dir: t.TempDir()}
	write := func() time.Duration {
		began := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		cmd := exec.CommandContext(ctx, "sh", "-c", "read go; exec dd if=/dev/zero of=file bs=256k count=8 oflag=direct")
		cmd.Dir = path
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		var out bytes.Buffer
		cmd.Stderr = &out
		require.NoError(t, cmd.Start())
		require.NoError(t, g.Join(cmd.Process.Pid))
		_, err = in.Write([]byte("go\n"))
		require.NoError(t, err)
		require.NoError(t, cmd.Wait(), out.String())
		return time.Since(began)
	}
	assert.Less(t, write(), 2*time.Second)
	r := insidetest.Inject(t, d, target, slow(path, "write_bytes_per_second", "512KiB"))
	assert.Greater(t, write(), 3*time.Second, "2 MiB at 512 KiB/s")
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Less(t, write(), 2*time.Second)
}

func TestALimitThatSomebodyElseSetStays(t *testing.T) {
	g, path := group(t), loop(t)
	target := faultstest.NewTarget(t, faultstest.TargetConfig{})
	d := disk.Slow{Dir: t.TempDir()}
	fault := slow(path, "read_iops", "100", "write_iops", "100")
	late := insidetest.Plan(t, d, target, fault)
	r := insidetest.Inject(t, d, target, fault)
	device := r.Undo["disk"]
	require.NoError(t, d.Keep(t.Context(), r))
	require.NoError(t, g.SetRate(cgroup.ReadOps, device, 7))
	require.ErrorContains(t, d.Keep(t.Context(), r), "overtaken")
	got, err := d.Probe(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, faults.Unseen, got, "half of it is there")
	require.NoError(t, d.Rollback(t.Context(), r))
	reads, err := g.Rate(cgroup.ReadOps, device)
	require.NoError(t, err)
	writes, err := g.Rate(cgroup.WriteOps, device)
	require.NoError(t, err)
	assert.Equal(t, []int64{7, 0}, []int64{reads, writes})
	require.ErrorIs(t, d.Inject(t.Context(), late), faults.ErrRefused)
	require.NoError(t, d.Rollback(t.Context(), late))
	require.NoError(t, g.SetRate(cgroup.ReadOps, device, 0))
}

func TestSlowRefusals(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{}) // in the group of all of the machine, or of the test
	for name, c := range map[string]struct {
		path string
		with []string
		want string
	}{
		"not how slow":   {"/", nil, "nothing says how slow"},
		"no path":        {"", []string{"read_iops", "1"}, "path is missing"},
		"a path's start": {"data", []string{"read_iops", "1"}, "write a path from the root"},
		"not there":      {"/nowhere", []string{"read_iops", "1"}, "no such file"},
		"no disk":        {"/proc", []string{"read_iops", "1"}, "is on no disk that can be slowed"},
		"no operation":   {"/", []string{"read_iops", "0"}, "write a whole number from 1 on"},
		"no byte":        {"/", []string{"read_bytes_per_second", "-1"}, "write a number and a unit"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := disk.Slow{Dir: t.TempDir()}.Plan(t.Context(), slow(c.path, c.with...), target.Spec)
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// TestTheGroupOfTheWholeMachineIsNotSlowed is one without limits of its own.
func TestTheGroupOfTheWholeMachineIsNotSlowed(t *testing.T) {
	top := cgroup.Group{Dir: t.TempDir()}
	top.Top = top.Dir
	require.NoError(t, os.WriteFile(filepath.Join(top.Dir, "blkio.throttle.read_iops_device"), nil, 0o600))
	_, err := top.Rate(cgroup.ReadOps, "8:0")
	require.ErrorIs(t, err, cgroup.ErrNoRate)
}
