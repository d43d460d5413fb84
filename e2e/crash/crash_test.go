//go:build e2e

// Package crash_test kills the daemon at random moments of experiments and
// starts it again: each run still ends with its fault removed, with one
// verdict, and no row is lost or doubled.
package crash_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
)

const (
	defaultRuns = 20
	// longest moment of the kill: past the end of a run that is left alone.
	longest = 30 * time.Second
	// over is how long a run may take in all.
	over = 120 * time.Second
)

func TestKilledDaemonLeavesNoFaultAndOneVerdict(t *testing.T) {
	runs := defaultRuns
	if n := os.Getenv("CRASH_RUNS"); n != "" {
		var err error
		runs, err = strconv.Atoi(n)
		require.NoError(t, err)
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("CRASH_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("CRASH_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test
	w := newWorld(t)
	ended := map[string]int{}
	for i := range runs {
		id := "crash-" + strconv.Itoa(i)
		moment := time.Duration(random.Int64N(int64(longest)))
		verdict, reason := w.run(id, moment)
		t.Logf("%s: killed after %s: %s (%s)", id, moment.Round(time.Millisecond), verdict, reason)
		ended[verdict]++
	}
	w.daemon.end(t)
	w.checkTables(runs)
	t.Logf("%d runs: %v", runs, ended)
}

type world struct {
	t            *testing.T
	root, home   string
	light, heavy string
	daemon       *daemon
	broker       string
	document     string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	home := t.TempDir()
	document, err := filepath.Abs("experiment.yaml")
	require.NoError(t, err)
	w := &world{
		t: t, root: root, home: home, light: filepath.Join(root, "bin", "faultline"), heavy: filepath.Join(root, "bin", "faultlined"),
		broker: filepath.Join(home, "sandbox", "broker.json"), document: document,
	}
	require.FileExists(t, w.heavy, "run make build first")
	sandbox := start(t, home, "sandbox", w.heavy, "sandbox", "up", "--home", home)
	t.Cleanup(func() { sandbox.end(t) })
	await(t, 30*time.Second, "the sandbox", func() bool { return exists(filepath.Join(home, "sandbox", "platform.yaml")) })
	w.daemon = w.up()
	t.Cleanup(func() { w.daemon.end(t) })
	return w
}

// up starts the daemon and waits until it serves.
func (w *world) up() *daemon {
	w.t.Helper()
	mark := filepath.Join(w.home, "up.yaml")
	require.NoError(w.t, os.RemoveAll(mark))
	d := start(w.t, w.home, "up", w.heavy, "up", "--home", w.home)
	await(w.t, 30*time.Second, "the pipeline", func() bool { return exists(mark) })
	return d
}

// run schedules one experiment, kills the daemon at a moment of it, starts it
// again and waits for the end.
func (w *world) run(id string, moment time.Duration) (verdict, reason string) {
	t := w.t
	t.Helper()
	out, err := w.command("publish", w.document, "--id", id).CombinedOutput()
	require.NoError(t, err, string(out))
	time.Sleep(moment) // the moment is the test
	w.daemon.kill(t)
	w.daemon = w.up()
	var s shown
	await(t, over, id+" to be over", func() bool {
		s = w.show(id)
		return s.Phase == "concluded" || s.Phase == "aborted"
	})
	concluded := 0
	for _, m := range s.Timeline {
		if m.Type == "io.faultline.experiment.concluded.v1" {
			concluded++
		}
	}
	require.Equal(t, 1, concluded, "%s has one verdict", id)
	out, err = w.command("ledger", "list").CombinedOutput()
	require.NoError(t, err, string(out))
	require.Contains(t, string(out), "no fault is in place")
	r, err := process.Read(w.broker)
	require.NoError(t, err)
	require.Equal(t, process.Running, r.State(), "the broker runs")
	return s.Verdict, s.Reasons[0]
}

type shown struct {
	Phase    string   `json:"phase"`
	Verdict  string   `json:"verdict"`
	Reasons  []string `json:"reasons"`
	Timeline []struct {
		Type string `json:"type"`
	} `json:"timeline"`
}

func (w *world) show(id string) shown {
	w.t.Helper()
	out, err := w.command("show", id, "--output", "json").Output()
	require.NoError(w.t, err)
	var s shown
	require.NoError(w.t, json.Unmarshal(out, &s))
	return s
}

func (w *world) command(args ...string) *exec.Cmd {
	return exec.CommandContext(w.t.Context(), w.light, append([]string{"--home", w.home}, args...)...) //nolint:gosec // this project's own binary
}

// checkTables reads chaos.events and the trades: no version is missing, none
// is there twice, and no trade is.
func (w *world) checkTables(runs int) {
	t := w.t
	ctx := context.Background()
	l, err := lake.Open(ctx, lake.Config{
		Kind: "sql", Name: "faultline", URI: filepath.Join(w.home, "lake", "catalog.db"), Warehouse: filepath.Join(w.home, "lake", "warehouse"),
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	seen := map[string]int{}
	last := map[string]int64{}
	versions := map[string]map[int64]bool{}
	require.NoError(t, l.Scan(ctx, "chaos", "events", lake.ScanOptions{}, func(r lake.Row) error {
		id, _ := r.Text("experiment")
		version, _ := r.Int("version")
		index, _ := r.Int("index")
		seen[id+"/"+strconv.FormatInt(version, 10)+"/"+strconv.FormatInt(index, 10)]++
		if versions[id] == nil {
			versions[id] = map[int64]bool{}
		}
		versions[id][version] = true
		last[id] = max(last[id], version)
		return nil
	}))
	for key, n := range seen {
		require.Equal(t, 1, n, "event %s stands %d times in the table", key, n)
	}
	require.Len(t, versions, runs)
	for id, v := range versions {
		require.Len(t, v, int(last[id]), "%s lacks a version", id)
	}
	verdicts := map[string]int{}
	require.NoError(t, l.Scan(ctx, "chaos", "verdicts", lake.ScanOptions{}, func(r lake.Row) error {
		id, _ := r.Text("experiment")
		verdicts[id]++
		return nil
	}))
	require.Len(t, verdicts, runs)
	for id, n := range verdicts {
		require.Equal(t, 1, n, "%s has %d rows of verdicts", id, n)
	}
	ticks := map[string]int{}
	require.NoError(t, l.Scan(ctx, "chaos", "readings", lake.ScanOptions{}, func(r lake.Row) error {
		id, _ := r.Text("experiment")
		metric, _ := r.Text("metric")
		at, _ := r.Text("at")
		seq, _ := r.Int("seq")
		ticks[id+"/"+strconv.FormatInt(seq, 10)+"/"+metric+"/"+at]++
		return nil
	}))
	for key, n := range ticks {
		require.Equal(t, 1, n, "reading %s stands %d times in the table", key, n)
	}
}

type daemon struct {
	cmd   *exec.Cmd
	done  chan error
	ended bool
}

// start starts a process whose output goes to a file of the home, which the
// test prints when it fails.
func start(t *testing.T, home, name string, argv ...string) *daemon {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(home, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // this project's own binary; end ends it
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	d := &daemon{cmd: cmd, done: make(chan error, 1)}
	go func() {
		d.done <- cmd.Wait()
		_ = log.Close()
	}()
	return d
}

func (d *daemon) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, <-d.done, "it was killed")
	d.ended = true
}

func (d *daemon) end(t *testing.T) {
	t.Helper()
	if d.ended {
		return
	}
	d.ended = true
	require.NoError(t, d.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-d.done:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		require.NoError(t, d.cmd.Process.Kill())
		t.Error("a process did not end on TERM within a minute")
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func await(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	require.FailNow(t, "waiting for "+what+" took longer than "+within.String())
}
