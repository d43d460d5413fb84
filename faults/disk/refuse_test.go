package disk_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/disk"
	"github.com/k2-platform/faultline/internal/roottest"
)

func TestRefusals(t *testing.T) {
	dir, d := small(t), driver(t)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, zeros(8*mib), 0o600))
	for name, c := range map[string]struct {
		with  []string
		where string
		d     disk.Full
		want  string
	}{
		"above 100 %":         {[]string{"to", "101%"}, dir, d, "up to 100%"},
		"nothing":             {[]string{"to", "0%"}, dir, d, "above 0%"},
		"both":                {[]string{"to", "90%", "free", "1MiB"}, dir, d, "write one of them"},
		"no size":             {[]string{"free", "much"}, dir, d, "write a number and a unit"},
		"more than there is":  {[]string{"free", "1GiB"}, dir, d, "more than all of the filesystem"},
		"it is full already":  {[]string{"to", "40%"}, dir, d, "it is that full without Faultline"},
		"no such word":        {[]string{"reserved", "yes"}, dir, d, "write one of keep, take"},
		"no such parameter":   {[]string{"size", "1"}, dir, d, "write one of to, free, reserved, of"},
		"no such directory":   {nil, filepath.Join(dir, "gone"), d, "is not there"},
		"a file":              {nil, file, d, "is no directory"},
		"no filesystem":       {nil, "/proc", d, "is on a filesystem that is not filled"},
		"Faultline's own":     {nil, dir, disk.Full{Dir: filepath.Join(dir, "not", "there", "yet")}, "without room there nothing could be undone"},
		"its own, of: host":   {[]string{"of", "host"}, dir, disk.Full{Dir: dir}, "without room there nothing could be undone"},
		"the root filesystem": {nil, "/", disk.Full{Dir: dir}, "write of: host where that is meant"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.d.Plan(t.Context(), full(c.with...), target(c.where))
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := disk.Full{Dir: dir}.Plan(t.Context(), full("of", "host", "to", "99.9%"), target("/"))
	if err != nil {
		assert.NotContains(t, err.Error(), "of: host", "that it is meant was said")
	}
}

func TestADiskThatIsMountedForReading(t *testing.T) {
	dir, d := small(t), driver(t)
	top := filepath.Dir(filepath.Dir(dir))
	require.NoError(t, unix.Mount("", top, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	_, err := d.Plan(t.Context(), full(), target(dir))
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "cannot be written")
}

// TestATmpfsIsNotFilledWithMemoryThatIsNotThere: it may say that it has more
// than the machine.
func TestATmpfsIsNotFilledWithMemoryThatIsNotThere(t *testing.T) {
	mount := t.TempDir()
	roottest.Disk(t, mount, "8t")
	_, err := driver(t).Plan(t.Context(), full(), target(mount))
	require.ErrorIs(t, err, faults.ErrRefused)
	require.ErrorContains(t, err, "a tmpfs is memory")
}

func TestAPathThatLeadsElsewhereIsFollowed(t *testing.T) {
	dir, d := small(t), driver(t)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	r := inject(t, d, full(), target(link))
	assert.Less(t, left(t, dir), int64(64<<10))
	require.NoError(t, d.Rollback(t.Context(), r))
}

// TestAReceiptOfSomethingElseRemovesNothing: of a file, or of a path with dots.
func TestAReceiptOfSomethingElseRemovesNothing(t *testing.T) {
	dir, d := small(t), driver(t)
	r := plan(t, d, full(), target(dir))
	precious := filepath.Join(dir, "precious")
	require.NoError(t, os.WriteFile(precious, []byte("x"), 0o600))
	for _, path := range []string{precious, filepath.Base(r.Undo["file"]), dir + "/../" + filepath.Base(r.Undo["file"]), ""} {
		r.Undo["file"] = path
		require.ErrorContains(t, d.Rollback(t.Context(), r), "names no file that fills a disk")
		require.Error(t, d.Inject(t.Context(), r))
	}
	require.FileExists(t, precious)
}

func TestADiskThatIsUnmountedStillHasTheFile(t *testing.T) {
	d, file, dir := driver(t), image(t), t.TempDir()
	unmount := mount(t, file, dir)
	before := left(t, dir)
	r := inject(t, d, full(), target(dir))
	late := plan(t, d, full(), target(dir))
	unmount()
	got, err := d.Probe(t.Context(), r)
	require.ErrorContains(t, err, "is not mounted at "+dir)
	assert.Equal(t, faults.Unseen, got)
	require.ErrorContains(t, d.Rollback(t.Context(), r), "mount it there")
	require.ErrorIs(t, d.Inject(t.Context(), late), faults.ErrRefused, "another filesystem would be filled")
	mount(t, file, dir)
	assert.Equal(t, faults.Present, probe(t, r))
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, faults.Absent, probe(t, r))
	assert.InDelta(t, before, left(t, dir), 64<<10)
}

func TestATmpfsThatIsUnmountedTookTheFileAlong(t *testing.T) {
	d, dir := driver(t), t.TempDir()
	roottest.Need(t, "mounting a disk", unix.Mount("faultline", dir, "tmpfs", 0, "size=8m"))
	r := inject(t, d, full(), target(dir))
	require.NoError(t, unix.Mount("faultline", dir, "tmpfs", 0, "size=1m"))
	_, err := d.Probe(t.Context(), r)
	require.ErrorContains(t, err, "is not mounted", "it is covered, and full")
	require.Error(t, d.Rollback(t.Context(), r))
	require.NoError(t, unix.Unmount(dir, 0))
	assert.Equal(t, faults.Present, probe(t, r))
	require.NoError(t, unix.Unmount(dir, 0))
	assert.Equal(t, faults.Absent, probe(t, r))
	require.NoError(t, d.Rollback(context.Background(), r))
}

func TestADirectoryThatIsGone(t *testing.T) {
	dir, d := small(t), driver(t)
	r := inject(t, d, full(), target(dir))
	require.NoError(t, os.RemoveAll(filepath.Dir(dir)))
	assert.Equal(t, faults.Present, probe(t, r), "the disk is full all the same")
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, faults.Absent, probe(t, r))
}
