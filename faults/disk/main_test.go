package disk_test

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/disk"
	"github.com/k2-platform/faultline/faults/internal/inside/insidetest"
	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

const mib = 1 << 20

func TestMain(m *testing.M) { insidetest.Main(m, "no process of its own", nil) }

// small is a folder on a tmpfs of its own of 16 MiB.
func small(t *testing.T) string {
	t.Helper()
	mount := t.TempDir()
	roottest.Disk(t, mount, "16m")
	return inside(t, mount)
}

func inside(t *testing.T, mount string) string {
	t.Helper()
	dir := filepath.Join(mount, "service", "data")
	require.NoError(t, os.MkdirAll(dir, 0o750))
	return dir
}

// image is a file with an ext4 of 64 MiB in it.
func image(tb testing.TB) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "disk.img")
	require.NoError(tb, os.WriteFile(file, nil, 0o600))
	require.NoError(tb, os.Truncate(file, 64*mib))
	out, err := exec.CommandContext(tb.Context(), "mkfs.ext4", "-q", "-F", file).CombinedOutput() //nolint:gosec // of the test
	roottest.Need(tb, "making a filesystem: "+string(out), err)
	return file
}

// mount mounts an image until the test ends, or unmount is called.
func mount(tb testing.TB, file, dir string) (unmount func()) {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), "mount", "-o", "loop", file, dir).CombinedOutput() //nolint:gosec // of the test
	roottest.Need(tb, "mounting a filesystem: "+string(out), err)
	there := true
	unmount = func() {
		if there {
			out, err := exec.CommandContext(context.Background(), "umount", dir).CombinedOutput() //nolint:gosec // of the test
			require.NoError(tb, err, string(out))
			there = false
		}
	}
	tb.Cleanup(unmount)
	return unmount
}

func target(dir string) spec.Target { return spec.Target{Directory: &spec.Directory{Path: dir}} }

func full(with ...string) spec.Fault {
	f := spec.Fault{Kind: disk.FullKind, Target: "data", With: map[string]string{}}
	for pair := range slices.Chunk(with, 2) {
		f.With[pair[0]] = pair[len(pair)-1]
	}
	return f
}

func driver(t *testing.T) disk.Full {
	t.Helper()
	return disk.Full{Dir: t.TempDir()}
}

// plan gives a receipt, which the test itself undoes.
func plan(t *testing.T, d faults.Driver, f spec.Fault, where spec.Target) faults.Receipt {
	t.Helper()
	r, err := d.Plan(t.Context(), f, where)
	require.NoError(t, err)
	r.ID = "test/" + rand.Text()
	r.Experiment, r.Step, r.Expires = "test", r.ID, ledger.Boottime()+time.Minute
	return r
}

func inject(t *testing.T, d faults.Driver, f spec.Fault, where spec.Target) faults.Receipt {
	t.Helper()
	r := plan(t, d, f, where)
	require.NoError(t, d.Inject(t.Context(), r))
	return r
}

func probe(t *testing.T, r faults.Receipt) faults.Presence {
	t.Helper()
	got, err := disk.Full{}.Probe(t.Context(), r)
	require.NoError(t, err)
	return got
}

// left is what everybody may still write.
func left(t *testing.T, dir string) int64 {
	t.Helper()
	var s unix.Statfs_t
	require.NoError(t, unix.Statfs(dir, &s))
	return int64(s.Bavail) * s.Frsize
}
