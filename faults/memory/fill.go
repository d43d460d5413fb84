package memory

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults/internal/inside"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/ledger"
)

// Command is what a program is called with to be a filler.
const Command = "hold-memory"

const (
	// followEvery is how late the target's growth is followed: so soon that it
	// cannot touch what is left below the limit meanwhile.
	followEvery = 2 * time.Millisecond
	// lookEvery is how late all else is: what is quick to read does not tell it.
	lookEvery = 20 * time.Millisecond
)

// order is what a filler is told.
type order struct {
	Life inside.Life `json:"life"`
	Aim  aim         `json:"aim"`
}

var (
	errKilled  = errors.New("the kernel killed a process of the target's control group for want of memory")
	errNoLimit = errors.New("the control group has no limit any more")
)

// Hold is the whole of a filler: it waits for its order on in, and then holds
// memory until its life is over. It never returns nil; the process ends then, and
// so gives back all.
func Hold(in io.Reader) error {
	var o order
	if err := inside.Await(in, &o); err != nil {
		return err
	}
	fs := cgroup.FS{}
	total, _, err := fs.HostMemory()
	if err != nil {
		return err
	}
	mem, err := reserve(total)
	if err != nil {
		return err
	}
	runtime.LockOSThread() // whose priority it has
	f := filler{aim: o.Aim, fs: fs, mem: mem}
	f.first(true)
	return o.Life.Last(followEvery, f.follow)
}

// filler holds what its aim asks for.
type filler struct {
	aim     aim
	fs      cgroup.FS
	mem     *held
	looked  time.Duration // when last, on CLOCK_BOOTTIME
	charged int64         // to the target's group then
	is      bool          // first
}

// follow brings the usage to the aim, if it may have changed.
func (f *filler) follow() error {
	charged, counted, err := f.aim.Group.MemoryCharged()
	if err != nil {
		return err
	}
	now := ledger.Boottime()
	if counted && now-f.looked < lookEvery && max(charged-f.charged, f.charged-charged) < leastSlack {
		return nil
	}
	if err := f.settle(); err != nil {
		return err
	}
	f.looked = now
	f.charged, _, err = f.aim.Group.MemoryCharged()
	return err
}

// settle holds more or less until that changes nothing more.
func (f *filler) settle() error {
	kills, err := f.aim.Group.OOMKills()
	if err == nil && kills > f.aim.Kills {
		err = errKilled
	}
	for by := int64(1); by > 0 && err == nil; {
		var levels []level
		if levels, err = f.aim.levels(f.fs); err == nil && len(levels) == 0 {
			err = errNoLimit
		}
		if err == nil {
			by = min(change(levels, f.mem.size), f.mem.left())
			f.first(by <= 0)
			err = f.mem.by(by)
		}
	}
	return err
}

// first has the thread run before all others where the kernel lets it, or
// among them. It looks first, so that on a busy machine it gives back in time; it
// fills among the others, as that takes long.
func (f *filler) first(now bool) {
	if f.is == now {
		return
	}
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL}
	if now {
		attr.Policy, attr.Priority = unix.SCHED_RR, 1
	}
	if unix.SchedSetAttr(0, &attr, 0) == nil {
		f.is = now
	}
}

// held is address space of which the first size bytes have memory behind them.
type held struct {
	space []byte
	size  int64
}

// reserve takes address space alone.
func reserve(most int64) (*held, error) {
	space, err := unix.Mmap(-1, 0, int(most), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("reserving address space: %w", err)
	}
	// In whole pages, not in huge ones, which could go above the aim.
	if err := unix.Madvise(space, unix.MADV_NOHUGEPAGE); err != nil && !errors.Is(err, unix.EINVAL) {
		return nil, fmt.Errorf("keeping huge pages away: %w", err)
	}
	return &held{space: space}, nil
}

// left is how much more it could hold.
func (h *held) left() int64 { return int64(len(h.space)) - h.size }

// by holds so many bytes more or less, in whole pages: fewer where it holds
// more, and more where it gives back.
func (h *held) by(n int64) error {
	page := int64(os.Getpagesize())
	if n > 0 {
		end := min(h.size+n/page*page, int64(len(h.space)))
		for at := h.size; at < end; at += page {
			h.space[at] = 1
		}
		h.size = end
		return nil
	}
	begin := max(0, h.size-(-n+page-1)/page*page)
	if begin == h.size {
		return nil
	}
	if err := unix.Madvise(h.space[begin:h.size], unix.MADV_DONTNEED); err != nil {
		return fmt.Errorf("giving memory back: %w", err)
	}
	h.size = begin
	return nil
}
