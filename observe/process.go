package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"
)

// ProcessConfig configures Process. A metric without a name is not taken.
type ProcessConfig struct {
	Record string // path of the process record
	CPU    string // metric: cores used since the sample before
	Memory string // metric: resident bytes
	Proc   string // where procfs is mounted, default /proc
	Now    func() time.Time
}

// Validate reports all problems.
func (c ProcessConfig) Validate() error {
	return errors.Join(needed("process record", c.Record), needed("metric of process "+c.Record, c.CPU+c.Memory))
}

// Process reads the CPU and memory use of one process. It follows the record:
// a restarted process is read under its new pid.
type Process struct {
	cfg    ProcessConfig
	now    func() time.Time
	before *usage
}

type usage struct {
	who identity
	at  time.Time
	cpu float64 // seconds since the process began
}

// identity is what tells a process from a later one with the same pid.
type identity struct {
	PID       int    `json:"pid"`
	StartTime ticks  `json:"start_time"`
	BootID    string `json:"boot_id"`
}

// ticks is a start time in clock ticks since boot; records have it as text.
type ticks uint64

// UnmarshalJSON takes "123" and 123.
func (t *ticks) UnmarshalJSON(raw []byte) error {
	n, err := strconv.ParseUint(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil {
		return fmt.Errorf("reading start time: %w", err)
	}
	*t = ticks(n)
	return nil
}

// NewProcess makes a Process sampler.
func NewProcess(cfg ProcessConfig) (*Process, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Proc == "" {
		cfg.Proc = procfs.DefaultMountPoint
	}
	return &Process{cfg: cfg, now: clock(cfg.Now)}, nil
}

// Sample reads the process once. CPU has no reading the first time, and none
// right after a restart.
func (p *Process) Sample(context.Context) ([]Reading, error) {
	who, stat, err := p.look()
	out := taken{at: p.now()}
	if err != nil {
		p.before = nil
		out.miss(err, p.cfg.CPU, p.cfg.Memory)
		return out.result()
	}
	now := &usage{who: who, at: out.at, cpu: stat.CPUTime()}
	switch before := p.before; {
	case before == nil || before.who != now.who || !now.at.After(before.at):
		out.miss(fmt.Errorf("CPU use of pid %d needs a second sample", who.PID), p.cfg.CPU)
	default:
		out.add(p.cfg.CPU, (now.cpu-before.cpu)/now.at.Sub(before.at).Seconds())
	}
	p.before = now
	out.add(p.cfg.Memory, float64(stat.ResidentMemory()))
	return out.result()
}

func (p *Process) look() (identity, procfs.ProcStat, error) {
	var who identity
	raw, err := os.ReadFile(p.cfg.Record)
	if err != nil {
		return who, procfs.ProcStat{}, fmt.Errorf("reading process record: %w", err)
	}
	if err := json.Unmarshal(raw, &who); err != nil {
		return who, procfs.ProcStat{}, fmt.Errorf("parsing process record %s: %w", p.cfg.Record, err)
	}
	if err := p.sameBoot(who); err != nil {
		return who, procfs.ProcStat{}, err
	}
	fs, err := procfs.NewFS(p.cfg.Proc)
	if err != nil {
		return who, procfs.ProcStat{}, fmt.Errorf("opening %s: %w", p.cfg.Proc, err)
	}
	proc, err := fs.Proc(who.PID)
	if err != nil {
		return who, procfs.ProcStat{}, fmt.Errorf("finding pid %d: %w", who.PID, err)
	}
	stat, err := proc.Stat()
	switch {
	case err != nil:
		return who, stat, fmt.Errorf("reading pid %d: %w", who.PID, err)
	case stat.Starttime != uint64(who.StartTime):
		return who, stat, fmt.Errorf("pid %d now belongs to another process", who.PID)
	case stat.State == "Z" || stat.State == "X":
		return who, stat, fmt.Errorf("pid %d has ended", who.PID)
	}
	return who, stat, nil
}

func (p *Process) sameBoot(who identity) error {
	boot, err := os.ReadFile(filepath.Join(p.cfg.Proc, "sys/kernel/random/boot_id"))
	if err != nil {
		return fmt.Errorf("reading boot id: %w", err)
	}
	if strings.TrimSpace(string(boot)) != strings.TrimSpace(who.BootID) {
		return fmt.Errorf("process record %s is of another boot", p.cfg.Record)
	}
	return nil
}
