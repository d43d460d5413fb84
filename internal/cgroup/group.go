package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Controller is a resource that groups share out.
type Controller string

// The controllers.
const (
	Memory Controller = "memory"
	CPU    Controller = "cpu"
)

// v1 is its name on v1.
func (c Controller) v1() string {
	if c == IO {
		return "blkio"
	}
	return string(c)
}

// ErrNone says that this machine has no groups of a controller, or shows this
// process none of the one asked for.
var ErrNone = errors.New("there is no such control group here")

// Group is one control group of a controller. The zero value is none.
type Group struct {
	Dir string `json:"dir"` // its folder
	Top string `json:"top"` // folder of the uppermost group that is seen
	V2  bool   `json:"v2"`
}

// Of is the group that a process is in: on v2 perhaps one that the controller
// is not turned on for, and then a group above it counts, see Levels. Where
// none is seen it is ErrNone.
func (fs FS) Of(pid int, c Controller) (Group, error) {
	mounts, err := fs.Mounts()
	if err != nil {
		return Group{}, err
	}
	i := slices.IndexFunc(mounts, func(m Mount) bool { return m.has(c) })
	if i < 0 {
		return Group{}, fmt.Errorf("looking for the %s group of pid %d: %w: no hierarchy with that controller is mounted", c, pid, ErrNone)
	}
	path, err := fs.pathOf(pid, c, mounts[i].V2)
	if err != nil {
		return Group{}, err
	}
	rel, err := filepath.Rel(mounts[i].From, path)
	if err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
		return Group{}, fmt.Errorf("looking for the %s group of pid %d: %w: %s is outside of what is mounted at %s; run the agent where that group is seen, on the host",
			c, pid, ErrNone, path, mounts[i].Dir)
	}
	g := Group{Dir: filepath.Join(mounts[i].Dir, rel), Top: mounts[i].Dir, V2: mounts[i].V2}
	if !g.There() {
		return Group{}, fmt.Errorf("looking for the %s group of pid %d: %w: %s", c, pid, ErrNone, g.Dir)
	}
	return g, nil
}

// pathOf is what /proc/pid/cgroup says (cgroups(7)).
func (fs FS) pathOf(pid int, c Controller, v2 bool) (string, error) {
	text, err := os.ReadFile(fs.path("proc", strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return "", fmt.Errorf("looking for the %s group of pid %d: %w", c, pid, err)
	}
	for line := range strings.Lines(string(text)) {
		id, rest, _ := strings.Cut(strings.TrimRight(line, "\n"), ":")
		controllers, path, ok := strings.Cut(rest, ":")
		if ok && (v2 && id == "0" && controllers == "" || !v2 && slices.Contains(strings.Split(controllers, ","), c.v1())) {
			return path, nil
		}
	}
	return "", fmt.Errorf("looking for the %s group of pid %d: %w", c, pid, ErrNone)
}

// There says whether the group is there.
func (g Group) There() bool {
	info, err := os.Stat(g.Dir)
	return g.Dir != "" && err == nil && info.IsDir()
}

// Levels are the group and those above it, which bound it too, from the
// lowest on.
func (g Group) Levels() []Group {
	var out []Group
	for dir := g.Dir; ; dir = filepath.Dir(dir) {
		out = append(out, Group{Dir: dir, Top: g.Top, V2: g.V2})
		if dir == g.Top || len(dir) <= len(g.Top) {
			return out
		}
	}
}

// Join puts a process into the group.
func (g Group) Join(pid int) error {
	err := os.WriteFile(filepath.Join(g.Dir, procs), []byte(strconv.Itoa(pid)), 0o600)
	if err != nil {
		return fmt.Errorf("putting pid %d into a control group: %w", pid, err)
	}
	return nil
}

// MayJoin is an error that says why this process cannot put others into the
// group. It changes nothing.
func (g Group) MayJoin() error { return g.mayWrite(procs) }

const procs = "cgroup.procs"

func (g Group) mayWrite(file string) error {
	path := filepath.Join(g.Dir, file)
	if err := unix.Access(path, unix.W_OK); err != nil {
		return fmt.Errorf("%s cannot be written: %w; run the agent as root on the host, or give it the group by delegation", path, err)
	}
	return nil
}

// read reads a file of the group. One that the group does not have, as the
// controller is not turned on or the group is the uppermost, is "".
func (g Group) read(file string) (string, error) {
	text, err := os.ReadFile(filepath.Join(g.Dir, file)) //nolint:gosec // of the kernel
	if errors.Is(err, os.ErrNotExist) && g.There() {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading a control group: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// number reads a file that holds one number, or the word max. Where there is
// no file, or no number, it is false.
func (g Group) number(file string) (int64, bool, error) {
	text, err := g.read(file)
	if err != nil || text == "" || text == "max" {
		return 0, false, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("reading %s of control group %s: %w", file, g.Dir, err)
	}
	return n, true, nil
}

// row reads a number from a file of names and numbers; one that is not there is 0.
func (g Group) row(file, name string) (int64, error) {
	text, err := g.read(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && key == name {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading %s of control group %s: %w", file, g.Dir, err)
			}
			return n, nil
		}
	}
	return 0, nil
}
