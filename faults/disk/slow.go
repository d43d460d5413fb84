package disk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/cut"
	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/spec"
)

// SlowKind is the name that documents use.
const SlowKind = "disk.slow"

// What a receipt holds of a slow disk.
const (
	undoGroup  = "group"  // as JSON
	undoDisk   = "disk"   // device
	undoLimits = "limits" // as JSON
	undoHow    = "how"    // for people
)

// Slow limits what the target's control group reads from a disk, and writes to
// it. The zero value is ready, for targets that are processes.
type Slow struct {
	Dir  string        // of the files that note limits; "" = the system's folder for temporary files
	Find inside.Finder // nil = inside.Processes
}

var _ faults.Keeper = Slow{}

func slowParameters() []faults.Parameter {
	return []faults.Parameter{
		params.New("path", "a file or directory on the disk that is slow", "", absolute),
		params.New("read_bytes_per_second", "how much the target reads in a second", "", params.Size),
		params.New("write_bytes_per_second", "how much it writes", "", params.Size),
		params.New("read_iops", "how many times it reads in a second", "", params.Count),
		params.New("write_iops", "how many times it writes", "", params.Count),
	}
}

func absolute(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("%q: write a path from the root, such as /var/lib/kafka", path)
	}
	return path, nil
}

// DescribeSlow tells people about the fault.
func DescribeSlow() faults.Kind {
	return faults.Kind{
		Name: SlowKind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.ProcessKind}, Serves: true,
		Summary:    "limits what the target's control group reads from a disk and writes to it, and puts back what was, unless somebody else has set it since",
		Parameters: slowParameters(),
		Together: func(with map[string]string) error {
			v := params.Values{With: with, Parameters: slowParameters()}
			err := params.Missing(v, "path", "path: /var/lib/kafka")
			if len(limits(v)) == 0 {
				err = errors.Join(err, errors.New("nothing says how slow: write read_bytes_per_second: 1MiB, write_bytes_per_second, read_iops or write_iops"))
			}
			return err
		},
	}
}

// limits are what a document writes.
func limits(v params.Values) []slowed {
	ops := func(name string) int64 { return int64(params.Read(v, name, params.Count)) }
	var out []slowed
	for _, s := range []slowed{
		{Rate: cgroup.ReadBytes, To: params.Read(v, "read_bytes_per_second", params.Size)},
		{Rate: cgroup.WriteBytes, To: params.Read(v, "write_bytes_per_second", params.Size)},
		{Rate: cgroup.ReadOps, To: ops("read_iops")},
		{Rate: cgroup.WriteOps, To: ops("write_iops")},
	} {
		if s.To > 0 {
			out = append(out, s)
		}
	}
	return out
}

// Plan finds the disk and the group, and notes the limits that there are.
// Refusals are faults.ErrRefused.
func (d Slow) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(SlowKind, f, r, err)
}

func (d Slow) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	target, r, err := inside.Plan(ctx, d.Find, DescribeSlow(), f, t)
	if err != nil {
		return r, err
	}
	v := params.Values{With: f.With, Parameters: slowParameters()}
	disk, err := diskOf("/sys", v.Text("path"))
	if err != nil {
		return r, err
	}
	g, err := inside.GroupOf(target, cgroup.IO)
	if err != nil {
		return r, err
	}
	all := limits(v)
	for i := range all {
		if all[i], err = d.found(all[i], g, disk); err != nil {
			return r, err
		}
	}
	group, err := json.Marshal(g)
	raw, err2 := json.Marshal(all)
	r.Undo[undoGroup], r.Undo[undoDisk], r.Undo[undoLimits] = string(group), disk, string(raw)
	r.Undo[undoHow] = "io.max of control groups v2"
	if !g.V2 {
		r.Undo[undoHow] = "blkio of control groups v1: what the kernel writes back by itself is not slowed"
	}
	return r, errors.Join(err, err2)
}

// found is a limit with what it is now, and where its cut is noted.
func (d Slow) found(s slowed, g cgroup.Group, disk string) (slowed, error) {
	var err error
	if s.Was, err = g.Rate(s.Rate, disk); errors.Is(err, cgroup.ErrNoRate) {
		err = fmt.Errorf("%w: %w: start the target in a group of its own, with the controller io (v1: blkio, and a kernel with CONFIG_BLK_DEV_THROTTLING)", faults.ErrRefused, err)
	}
	if err != nil {
		return s, err
	}
	if err := g.MaySetRate(s.Rate); err != nil {
		return s, fmt.Errorf("%w: %w", faults.ErrRefused, err)
	}
	s.Note, err = cut.Note(d.Dir, ratePrefix, g.Dir+" "+disk+" "+string(s.Rate))
	return s, err
}

// Inject sets the limits. A target that is gone or went to another group, or a
// limit that somebody else has set since the plan, is faults.ErrRefused.
func (Slow) Inject(ctx context.Context, r faults.Receipt) error {
	g, cuts, err := cutsOf(r)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		_, err = inside.StillIn(r, g, cgroup.IO)
	}
	for i := 0; i < len(cuts) && err == nil; i++ {
		err = cuts[i].Make(ctx)
	}
	if err != nil {
		return fmt.Errorf("slowing the disk of %s: %w", r.Target, err)
	}
	return nil
}

// Rollback puts the limits back that were there before, or, while another
// fault has them cut as well, what that one leaves. One that somebody else has set
// meanwhile stays, and a group that is gone took its limits along.
func (Slow) Rollback(ctx context.Context, r faults.Receipt) error {
	_, cuts, err := cutsOf(r)
	for _, c := range cuts {
		err = errors.Join(err, c.Mend(ctx))
	}
	if err != nil {
		return fmt.Errorf("giving %s its disk back: %w", r.Target, err)
	}
	return nil
}

// Probe sees the fault where all limits are as Faultline has set them; with
// some of them nobody can say.
func (Slow) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	_, cuts, err := cutsOf(r)
	seen := map[faults.Presence]int{}
	for _, c := range cuts {
		one, _, failed := c.See(ctx)
		seen[one]++
		err = errors.Join(err, failed)
	}
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	for one, n := range seen {
		if n == len(cuts) {
			return one, nil
		}
	}
	return faults.Unseen, nil
}

// Keep changes nothing. It is an error where somebody else has set a limit
// meanwhile: overtaken, the fault is there no more.
func (Slow) Keep(ctx context.Context, r faults.Receipt) error {
	_, cuts, err := cutsOf(r)
	for _, c := range cuts {
		err = errors.Join(err, c.Overtaken(ctx))
	}
	if err != nil {
		return fmt.Errorf("looking after the disk of %s: %w", r.Target, err)
	}
	return nil
}

// KeepEvery is how soon a limit that somebody else has set is missed.
func (Slow) KeepEvery() time.Duration { return inside.KeepEvery }
