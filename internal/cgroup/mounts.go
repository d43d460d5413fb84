// Package cgroup finds the control groups of processes, v2 (cgroups(7),
// "cgroup v2") and v1, reads their limits and usage, and sets their processor
// quota and their limits of disks. It makes and removes no group. Linux only.
package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// FS is where the files of the kernel are. The zero value is the machine's.
type FS struct {
	Root string // of a tree with proc and the mounts in it; "" = /
}

func (fs FS) path(elem ...string) string {
	return filepath.Join(append([]string{"/", fs.Root}, elem...)...)
}

// Mount is a hierarchy of control groups that is mounted.
type Mount struct {
	Dir     string   // where
	From    string   // which of its groups is seen there, "/" where it is all of it
	V2      bool     // the unified hierarchy
	Options []string // of v1: its controllers, or its name as name=systemd
}

// Mounts reads which hierarchies this process sees (proc_pid_mountinfo(5)).
func (fs FS) Mounts() ([]Mount, error) {
	text, err := os.ReadFile(fs.path("proc/self/mountinfo"))
	if err != nil {
		return nil, fmt.Errorf("looking where control groups are mounted: %w", err)
	}
	var out []Mount
	for line := range strings.Lines(string(text)) {
		place, kind, ok := strings.Cut(strings.TrimSpace(line), " - ")
		before, after := strings.Fields(place), strings.Fields(kind)
		if !ok || len(before) < 5 || len(after) < 3 || after[0] != "cgroup" && after[0] != "cgroup2" {
			continue
		}
		out = append(out, Mount{
			Dir: fs.path(unescaped(before[4])), From: unescaped(before[3]),
			V2: after[0] == "cgroup2", Options: strings.Split(after[2], ","),
		})
	}
	return out, nil
}

// unescaped undoes what the kernel does to names of several words.
func unescaped(name string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(name)
}

// has says whether the controller belongs to this hierarchy.
func (m Mount) has(c Controller) bool {
	if !m.V2 {
		return slices.Contains(m.Options, c.v1())
	}
	text, err := os.ReadFile(filepath.Join(m.Dir, "cgroup.controllers"))
	return err == nil && slices.Contains(strings.Fields(string(text)), string(c))
}
