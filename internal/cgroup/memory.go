package cgroup

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// unlimited is from where on v1 means that there is no limit: it writes the
// greatest number of whole pages.
const unlimited = 1 << 62

// MemoryLimit is how many bytes the group may have (memory.max, or v1
// memory.limit_in_bytes). false: it has no limit of its own.
func (g Group) MemoryLimit() (int64, bool, error) {
	file := "memory.limit_in_bytes"
	if g.V2 {
		file = "memory.max"
	}
	n, ok, err := g.number(file)
	return n, ok && n < unlimited, err
}

// MemoryHigh is from how many bytes on the kernel slows the group down
// (memory.high; v1 has none). false: it does not.
func (g Group) MemoryHigh() (int64, bool, error) {
	if !g.V2 {
		return 0, false, nil
	}
	return g.number("memory.high")
}

// MemoryUsage is how many bytes the group and those below it have, without the
// file pages that the kernel takes back first (inactive_file): what counts
// where a limit is near, and what container engines show.
func (g Group) MemoryUsage() (int64, error) {
	inactive := "total_inactive_file"
	if g.V2 {
		inactive = "inactive_file"
	}
	used, ok, err := g.MemoryCharged()
	if err == nil && !ok {
		err = fmt.Errorf("reading a control group: %s counts no memory", g.Dir)
	}
	if err != nil {
		return 0, err
	}
	idle, err := g.row("memory.stat", inactive)
	return max(0, used-idle), err
}

// MemoryCharged is how many bytes the group and those below it have, whatever
// for: quicker to read than MemoryUsage. false: the group counts none.
func (g Group) MemoryCharged() (int64, bool, error) {
	if g.V2 {
		return g.number("memory.current")
	}
	return g.number("memory.usage_in_bytes")
}

// OOMKills is how many processes of the group the kernel has killed for want
// of memory: of v2 with those of the groups below.
func (g Group) OOMKills() (int64, error) {
	file := "memory.oom_control"
	if g.V2 {
		file = "memory.events"
	}
	return g.row(file, "oom_kill")
}

// MaySwap says whether the kernel may move memory of the group to a swap
// device, where the machine has one.
func (g Group) MaySwap() (bool, error) {
	file := "memory.swappiness"
	if g.V2 {
		file = "memory.swap.max"
	}
	n, limited, err := g.number(file)
	return !limited || n > 0, err
}

// Swaps says whether the machine has a swap device in use.
func (fs FS) Swaps() (bool, error) {
	text, err := os.ReadFile(fs.path("proc/swaps"))
	if err != nil {
		return false, fmt.Errorf("looking for swap devices: %w", err)
	}
	return strings.Count(strings.TrimSpace(string(text)), "\n") > 0, nil
}

// HostMemory is how many bytes the machine has, and how many of them are to
// be had without swapping (MemTotal and MemAvailable of proc_meminfo(5)).
func (fs FS) HostMemory() (total, available int64, err error) {
	text, err := os.ReadFile(fs.path("proc/meminfo"))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the memory of the machine: %w", err)
	}
	const kiB = 1 << 10
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		n, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			continue
		}
		switch fields[0] {
		case "MemTotal:":
			total = n * kiB
		case "MemAvailable:":
			available = n * kiB
		}
	}
	if total == 0 || available == 0 {
		return 0, 0, fmt.Errorf("reading the memory of the machine: %s says no MemTotal or MemAvailable", fs.path("proc/meminfo"))
	}
	return total, available, nil
}
