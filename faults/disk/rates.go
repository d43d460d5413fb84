package disk

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/cut"
	"github.com/k2-platform/faultline/internal/cgroup"
)

// rate is a limit that a slow disk cuts: of what a group reads or writes.
type rate struct {
	group cgroup.Group
	is    cgroup.Rate
	disk  string // its device, as major:minor
}

var _ cut.Limit[int64] = rate{}

// Now implements cut.Limit.
func (r rate) Now() (int64, error) { return r.group.Rate(r.is, r.disk) }

// Set implements cut.Limit.
func (r rate) Set(to int64) error { return r.group.SetRate(r.is, r.disk, to) }

// Least implements cut.Limit; 0 is no limit.
func (rate) Least(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// String implements cut.Limit.
func (r rate) String() string {
	return fmt.Sprintf("limit %s of %s on disk %s", r.is, r.group.Dir, r.disk)
}

// slowed is what a receipt says of one limit.
type slowed struct {
	Rate cgroup.Rate `json:"rate"`
	Was  int64       `json:"was"`
	To   int64       `json:"to"`
	Note string      `json:"note"`
}

const ratePrefix = "faultline-rate-"

// cutsOf are those of a receipt.
func cutsOf(r faults.Receipt) (cgroup.Group, []cut.Cut[int64], error) {
	var g cgroup.Group
	var all []slowed
	err := json.Unmarshal([]byte(r.Undo[undoGroup]), &g)
	if err == nil {
		err = json.Unmarshal([]byte(r.Undo[undoLimits]), &all)
	}
	if err != nil || len(all) == 0 || r.Undo[undoDisk] == "" {
		return g, nil, fmt.Errorf("reading which limits receipt %s cuts: %w", r.ID, err)
	}
	out := make([]cut.Cut[int64], len(all))
	for i, s := range all {
		if !cut.IsNote(s.Note, ratePrefix) {
			return g, nil, fmt.Errorf("receipt %s names no file of a cut: %q", r.ID, s.Note)
		}
		out[i] = cut.Cut[int64]{Group: g, Limit: rate{g, s.Rate, r.Undo[undoDisk]}, Was: s.Was, To: s.To, Note: s.Note}
	}
	return g, out, nil
}

// diskOf is the device that holds a path, as major:minor: of a partition, the
// whole disk, as groups take no other. sys is where /sys is. A path on no disk is
// faults.ErrRefused.
func diskOf(sys, path string) (string, error) {
	dev, err := deviceOf(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", faults.ErrRefused, err)
	}
	return whole(sys, fmt.Sprintf("%d:%d", unix.Major(dev), unix.Minor(dev)), path)
}

func whole(sys, device, path string) (string, error) {
	dir, err := filepath.EvalSymlinks(filepath.Join(sys, "dev", "block", device))
	if err != nil {
		return "", fmt.Errorf("%w: %s is on no disk that can be slowed, but on device %s: memory, another machine's disk, or a filesystem of several disks; write a path on ext4 or xfs",
			faults.ErrRefused, path, device)
	}
	if _, err := os.Stat(filepath.Join(dir, "partition")); err != nil {
		return device, nil //nolint:nilerr // it is no partition
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(dir), "dev"))
	if err != nil {
		return "", fmt.Errorf("asking which disk has partition %s: %w", device, err)
	}
	return strings.TrimSpace(string(text)), nil
}
