package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// IO is the controller of what a group reads from disks and writes to them:
// blkio on v1.
const IO Controller = "io"

// Rate is one limit of a group on a disk: bytes or operations in a second.
type Rate string

// The limits, as v2 calls them in io.max.
const (
	ReadBytes  Rate = "rbps"
	WriteBytes Rate = "wbps"
	ReadOps    Rate = "riops"
	WriteOps   Rate = "wiops"
)

const maxIO = "io.max"

// v1 is the limit's file on v1.
func (r Rate) v1() string {
	switch r {
	case ReadBytes:
		return "blkio.throttle.read_bps_device"
	case WriteBytes:
		return "blkio.throttle.write_bps_device"
	case ReadOps:
		return "blkio.throttle.read_iops_device"
	case WriteOps:
		return "blkio.throttle.write_iops_device"
	}
	return ""
}

func (g Group) rateFile(r Rate) string {
	if g.V2 {
		return maxIO
	}
	return r.v1()
}

// ErrNoRate says that a group has no limits of disks to set: it is the
// uppermost, or the kernel does not have them.
var ErrNoRate = errors.New("the control group has no limits of disks of its own")

// Rate reads a limit of the group on a disk, a device as major:minor; 0 is
// none. ErrNoRate.
func (g Group) Rate(r Rate, device string) (int64, error) {
	if _, err := os.Stat(filepath.Join(g.Dir, g.rateFile(r))); err != nil || g.Dir == g.Top {
		return 0, fmt.Errorf("reading control group %s: %w", g.Dir, ErrNoRate)
	}
	text, err := g.read(g.rateFile(r))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		disk, values, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || disk != device {
			continue
		}
		for value := range strings.FieldsSeq(values) {
			if rest, named := strings.CutPrefix(value, string(r)+"="); named {
				value = rest
			} else if g.V2 {
				continue
			}
			if value == "max" {
				return 0, nil
			}
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading %s of control group %s: %w", g.rateFile(r), g.Dir, err)
			}
			return n, nil
		}
	}
	return 0, nil
}

// SetRate sets a limit of the group on a disk; 0 is none.
func (g Group) SetRate(r Rate, device string, to int64) error {
	text := device + " " + strconv.FormatInt(to, 10)
	if g.V2 {
		text = fmt.Sprintf("%s %s=%d", device, r, to)
		if to == 0 {
			text = fmt.Sprintf("%s %s=max", device, r)
		}
	}
	if err := os.WriteFile(filepath.Join(g.Dir, g.rateFile(r)), []byte(text), 0o600); err != nil {
		return fmt.Errorf("setting a limit of a control group to %q: %w", text, err)
	}
	return nil
}

// MaySetRate is an error that says why this process cannot set the limit. It
// changes nothing.
func (g Group) MaySetRate(r Rate) error { return g.mayWrite(g.rateFile(r)) }
