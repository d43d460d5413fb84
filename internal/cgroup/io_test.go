package cgroup_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/cgroup"
)

func TestRatesOfDisks(t *testing.T) {
	for name, c := range map[string]struct {
		fs        cgroup.FS
		file      string
		set, none string
	}{
		"v2": {
			fs: tree(t, map[string]string{
				"proc/self/mountinfo": unified, "proc/7/cgroup": "0::/box\n", "sys/fs/cgroup/cgroup.controllers": "cpu io",
				"sys/fs/cgroup/box/io.max": "8:0 rbps=max wbps=4096 riops=max wiops=120\n8:16 rbps=1048576 wbps=max riops=9 wiops=max\n",
			}),
			file: "sys/fs/cgroup/box/io.max", set: "8:16 rbps=7", none: "8:16 rbps=max",
		},
		"v1": {
			fs: tree(t, map[string]string{
				"proc/self/mountinfo": "35 31 0:32 / /sys/fs/cgroup/blkio rw,relatime - cgroup cgroup rw,blkio\n", "proc/7/cgroup": "4:blkio:/box\n0::/\n",
				"sys/fs/cgroup/blkio/box/blkio.throttle.read_bps_device":   "8:16 1048576\n",
				"sys/fs/cgroup/blkio/box/blkio.throttle.read_iops_device":  "8:16 9\n",
				"sys/fs/cgroup/blkio/box/blkio.throttle.write_bps_device":  "8:0 4096\n",
				"sys/fs/cgroup/blkio/box/blkio.throttle.write_iops_device": "8:0 120\n",
			}),
			file: "sys/fs/cgroup/blkio/box/blkio.throttle.read_bps_device", set: "8:16 7", none: "8:16 0",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := c.fs.Of(7, cgroup.IO)
			require.NoError(t, err)
			for r, want := range map[cgroup.Rate][2]int64{cgroup.ReadBytes: {0, 1048576}, cgroup.WriteBytes: {4096, 0}, cgroup.ReadOps: {0, 9}, cgroup.WriteOps: {120, 0}} {
				for i, disk := range []string{"8:0", "8:16"} {
					got, err := g.Rate(r, disk)
					require.NoError(t, err)
					assert.Equal(t, want[i], got, "%s of %s", r, disk)
				}
				require.NoError(t, g.MaySetRate(r))
			}
			_, err = cgroup.Group{Dir: g.Top, Top: g.Top, V2: g.V2}.Rate(cgroup.ReadOps, "8:0")
			require.ErrorIs(t, err, cgroup.ErrNoRate)
			for to, want := range map[int64]string{7: c.set, 0: c.none} {
				require.NoError(t, g.SetRate(cgroup.ReadBytes, "8:16", to))
				text, err := os.ReadFile(filepath.Join(c.fs.Root, c.file))
				require.NoError(t, err)
				assert.Equal(t, want, string(text))
			}
		})
	}
}
