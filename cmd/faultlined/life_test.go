package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

// life is the whole daemon in this process, on a state folder of its own and
// a platform of one service that can be measured.
type life struct {
	t    *testing.T
	home string
	file string       // of the platform
	log  slog.Handler // what the daemon says; nil is nowhere
	stop context.CancelFunc
	done chan error
}

func newLife(t *testing.T) *life {
	t.Helper()
	metrics := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "load 5\n")
	}))
	t.Cleanup(metrics.Close)
	l := &life{t: t, home: t.TempDir()}
	l.file = filepath.Join(l.home, "platform.yaml")
	text := fmt.Sprintf(`faultline_platform: v1
name: one
environment: test
targets:
  one: {title: the one service, process: {record: /nowhere/one.json}}
  meter: {title: what measures it, process: {record: /nowhere/meter.json}}
metrics: {load: {unit: share, needs: meter, scrape: {url: %q, series: load}}}
`, metrics.URL)
	require.NoError(t, os.WriteFile(l.file, []byte(text), 0o600))
	return l
}

// up starts the daemon and returns once it serves.
func (l *life) up() {
	l.t.Helper()
	s, err := settings.Load("", l.home)
	require.NoError(l.t, err)
	s.Platform = l.file
	ctx, stop := context.WithCancel(context.Background())
	l.stop, l.done = stop, make(chan error, 1)
	r, w := io.Pipe()
	log := l.log
	if log == nil {
		log = slog.DiscardHandler
	}
	go func() {
		l.done <- up(ctx, s, slog.New(log), w)
		_ = w.Close()
	}()
	ready := make([]byte, 1)
	if _, err := r.Read(ready); err != nil {
		l.t.Fatalf("the daemon ended before it was up: %v", <-l.done)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	l.t.Cleanup(l.down)
}

func (l *life) down() {
	if l.stop == nil {
		return
	}
	l.stop()
	l.stop = nil
	require.NoError(l.t, <-l.done)
}

// open connects to the running daemon's log.
func (l *life) open() *bus.Bus {
	l.t.Helper()
	s, err := settings.Load("", l.home)
	require.NoError(l.t, err)
	s, err = s.Find()
	require.NoError(l.t, err)
	b, err := bus.Open(s.Kafka, nil)
	require.NoError(l.t, err)
	return b
}

func (l *life) send(b *bus.Bus, id string, e spec.ExperimentID, c commands.Command) {
	l.t.Helper()
	l.sendAs(b, id, e, "test", c)
}

func (l *life) sendAs(b *bus.Bus, id string, e spec.ExperimentID, by string, c commands.Command) {
	l.t.Helper()
	to := handlers.Commands{Publisher: b.Publisher(), Topic: b.Topics().Commands}
	require.NoError(l.t, to.Send(l.t.Context(), commands.Envelope{ID: id, Experiment: e, At: time.Now().UTC(), By: by, Command: c}))
}

// await follows the log until the experiment is as ok wants it.
func (l *life) await(b *bus.Bus, e spec.ExperimentID, ok func(experiment.State) bool) experiment.State {
	l.t.Helper()
	ctx, stop := context.WithTimeout(l.t.Context(), 2*time.Minute)
	defer stop()
	log, ended := &handlers.Log{}, make(chan error, 1)
	go func() {
		ended <- handlers.Fold(ctx, b, b.Topics().Events, log, slog.New(slog.DiscardHandler), func() {})
	}()
	s, err := log.Await(ctx, e, ok)
	stop()
	require.ErrorIs(l.t, <-ended, context.Canceled)
	require.NoError(l.t, err, "experiment %s is %s: %v", e, s.Phase, s.Reasons)
	return s
}

// rows counts the rows of a table that a column's value picks out.
func (l *life) rows(table, column, value string) int {
	l.t.Helper()
	n := 0
	l.scan("chaos", table, lake.ScanOptions{Equals: map[string]string{column: value}}, func(lake.Row) error { n++; return nil })
	return n
}

// scan reads a table.
func (l *life) scan(namespace, table string, o lake.ScanOptions, each func(lake.Row) error) {
	l.t.Helper()
	s, err := settings.Load("", l.home)
	require.NoError(l.t, err)
	at, err := lakeOf(s)
	require.NoError(l.t, err)
	in, err := lake.Open(l.t.Context(), at)
	require.NoError(l.t, err)
	defer func() { require.NoError(l.t, in.Close()) }()
	require.NoError(l.t, in.Scan(l.t.Context(), namespace, table, o, each))
}

// control is a short experiment whose fault breaks nothing.
func control() spec.Document {
	second := spec.Duration(time.Second)
	return spec.Document{
		Faultline: "v1", Title: "Control", System: "one", Environment: "test",
		Hypothesis: spec.Hypothesis{Claim: "nothing happens", SteadyState: []spec.Rule{{Expr: "load < 10.0"}}, RecoversWithin: 20 * second},
		Steps:      []spec.Step{{ID: "nothing", Fault: spec.Fault{Kind: "none", Target: "one"}, For: second}},
		Baseline:   spec.Baseline{Duration: 2 * second, Every: second},
		Triggers:   []spec.Rule{{Expr: "load > 90.0"}},
	}
}
