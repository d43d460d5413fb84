// Package process identifies, starts and signals processes of other programs
// by a record on disk. A pid alone may be reused: a process is the same only
// if pid, start time and boot are. Linux only; it supervises nothing.
package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Record is how a process is found, and how it is started again.
type Record struct {
	Name      string   `json:"name"`
	PID       int      `json:"pid"`
	StartTime string   `json:"start_time"` // clock ticks after boot
	BootID    string   `json:"boot_id"`
	Command   []string `json:"command"`
	Env       []string `json:"env,omitempty"` // on top of the starter's own
	Dir       string   `json:"dir"`
	Log       string   `json:"log"`
	Addr      string   `json:"addr,omitempty"` // host:port of its HTTP side
	// Addrs are where it listens, host:port by name, where that is in several
	// places.
	Addrs map[string]string `json:"addrs,omitempty"`
}

// ErrNoRecord says that there is no record at a path.
var ErrNoRecord = errors.New("no process record")

// Read reads a record. A missing one is ErrNoRecord.
func Read(path string) (Record, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the path comes from the platform description
	if errors.Is(err, os.ErrNotExist) {
		return Record{}, fmt.Errorf("reading process record %s: %w", path, errors.Join(ErrNoRecord, err))
	}
	if err != nil {
		return Record{}, fmt.Errorf("reading process record: %w", err)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, fmt.Errorf("reading process record %s: %w", path, err)
	}
	return r, nil
}

// Write replaces the record at path at once: a reader sees the old or the new
// one, also after a crash. Only its owner can read it.
func (r Record) Write(path string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing process record of %s: %w", r.Name, err)
	}
	return WriteFile(path, append(data, '\n'), 0o600)
}

// Self is the record of the calling process: its own command line, directory
// and the file that its output goes to.
func Self(name, addr string) (Record, error) {
	exe, err := os.Executable()
	if err != nil {
		return Record{}, fmt.Errorf("finding the program's own path: %w", err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return Record{}, fmt.Errorf("finding the working directory: %w", err)
	}
	r := Record{Name: name, PID: os.Getpid(), Command: append([]string{exe}, os.Args[1:]...), Dir: dir, Addr: addr}
	if target, err := os.Readlink("/proc/self/fd/1"); err == nil && filepath.IsAbs(target) && !strings.HasPrefix(target, "/dev/") {
		r.Log = target
	}
	return r.identified()
}

// identified fills in what tells this process from a later one of the same pid.
func (r Record) identified() (Record, error) {
	stat, err := statOf(r.PID)
	if err != nil {
		return r, fmt.Errorf("identifying process %d of %s: %w", r.PID, r.Name, err)
	}
	boot, err := BootID()
	if err != nil {
		return r, err
	}
	r.StartTime, r.BootID = stat.started, boot
	return r, nil
}

// BootID names the running boot of the machine.
func BootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("reading the boot id: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}
