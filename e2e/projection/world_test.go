package projection_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

// metrics is how many readings a tick brings, each of which is a row.
const metrics = 20

// experiments is over how many the ticks are spread.
const experiments = 20

// What a projector says of itself.
const (
	standsBy = "stands by"
	writes   = "writes"
)

// world is an embedded broker, and a lake below dir. Ticks are numbered from 1.
type world struct {
	t     *testing.T
	dir   string
	kafka string
	bus   *bus.Bus
	lake  *lake.Lake
	ticks atomic.Int64 // that the broker has
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	kafka, err := embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(dir, "kafka")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, kafka.Close()) })
	b, err := bus.Open(bus.Config{Brokers: []string{kafka.Addr()}}, nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	require.NoError(t, b.EnsureTopics(t.Context()))
	l, err := lake.Open(t.Context(), lakeIn(dir))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return &world{t: t, dir: dir, kafka: kafka.Addr(), bus: b, lake: l}
}

// produce sends a tick every so often until stop is called.
func (w *world) produce(every time.Duration) (stop func()) {
	w.t.Helper()
	publisher, err := w.bus.OwnPublisher()
	require.NoError(w.t, err)
	to := handlers.Ticks{Publisher: publisher, Topic: w.bus.Topics().Readings}
	ctx, cancel := context.WithCancel(w.t.Context())
	var problem error
	var sending sync.WaitGroup
	sending.Go(func() {
		beat := time.NewTicker(every)
		defer beat.Stop()
		for problem == nil {
			select {
			case <-ctx.Done():
				return
			case <-beat.C:
			}
			n := w.ticks.Load() + 1
			at := time.Now()
			id := spec.ExperimentID(fmt.Sprint("soak-", n%experiments)) // so that every partition has some
			tick := events.Tick{Experiment: id, Seq: uint64(n), At: at, Version: 1}
			for m := range metrics {
				tick.Readings = append(tick.Readings, events.Reading{Metric: metric(m), Value: float64(n), At: at})
			}
			if problem = to.Record(context.WithoutCancel(ctx), tick); problem == nil {
				w.ticks.Store(n)
			}
		}
	})
	return sync.OnceFunc(func() {
		cancel()
		sending.Wait()
		require.NoError(w.t, problem)
	})
}

func metric(m int) string { return fmt.Sprintf("m%02d", m) }

// written is the next offset of the readings that the table lacks, over all
// partitions: as many ticks are in it.
func (w *world) written() (n int64) {
	mark, err := w.lake.Watermark(w.t.Context(), namespace, "readings")
	if err != nil {
		return 0
	}
	for _, next := range mark {
		n += next
	}
	return n
}

// namespace is where the tables are.
const namespace = "chaos"

// await waits for a condition; what says what for.
func (w *world) await(within time.Duration, what string, ok func() bool) {
	w.t.Helper()
	require.Eventually(w.t, ok, within, 20*time.Millisecond, what)
}

// requireOnce says that every reading of every tick is in the table once, and
// gives how many that are.
func (w *world) requireOnce() (rows int64) {
	w.t.Helper()
	ticks := w.ticks.Load()
	seen := make([]uint32, ticks+1) // a bit a metric
	var doubled []string
	require.NoError(w.t, w.lake.Scan(w.t.Context(), namespace, "readings", lake.ScanOptions{Columns: []string{"seq", "metric"}}, func(r lake.Row) error {
		seq, _ := r.Int("seq")
		name, _ := r.Text("metric")
		var m int
		if _, err := fmt.Sscanf(name, "m%d", &m); err != nil || seq < 1 || seq > ticks || m >= metrics {
			return fmt.Errorf("tick %d has a reading %q, which was never sent", seq, name)
		}
		if seen[seq]&(1<<m) != 0 {
			doubled = append(doubled, fmt.Sprintf("%d/%s", seq, name))
		}
		seen[seq] |= 1 << m
		rows++
		return nil
	}))
	lost := 0
	for _, bits := range seen[1:] {
		for m := range metrics {
			if bits&(1<<m) == 0 {
				lost++
			}
		}
	}
	require.Empty(w.t, doubled, "rows that are there twice")
	require.Zero(w.t, lost, "rows that are missing")
	return rows
}

// process is a projector or a keeper.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	says atomic.Value // string: its last line
	done chan error
	log  string
}

func (w *world) start(role, name string) *process {
	w.t.Helper()
	binary, err := os.Executable()
	require.NoError(w.t, err)
	p := &process{t: w.t, cmd: exec.Command(binary), done: make(chan error, 1), log: filepath.Join(w.dir, name+".log")} //nolint:gosec,noctx // this very test binary; it is ended
	p.says.Store("")
	p.cmd.Env = append(os.Environ(), roleVar+"="+role, dirVar+"="+w.dir, kafkaVar+"="+w.kafka)
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(w.t, err)
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	require.NoError(w.t, err)
	require.NoError(w.t, p.cmd.Start())
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.says.Store(lines.Text())
		}
		p.done <- errors.Join(p.cmd.Wait(), log.Close())
	}()
	w.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
	})
	return p
}

// kill ends it with SIGKILL.
func (p *process) kill() {
	p.t.Helper()
	if p.cmd.Process.Kill() != nil {
		text, _ := os.ReadFile(p.log)
		require.FailNow(p.t, "it ended by itself", "%v: %s", <-p.done, text)
	}
	var exit *exec.ExitError
	require.ErrorAs(p.t, <-p.done, &exit)
	if exit.ExitCode() != -1 {
		text, _ := os.ReadFile(p.log)
		require.FailNow(p.t, "it failed before it was killed", "%s", text)
	}
}

// end asks it to end once it has begun, which must be without an error.
func (p *process) end() {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.says.Load() != "" }, time.Minute, 10*time.Millisecond, "it does not begin; see %s", p.log)
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	err := <-p.done
	text, _ := os.ReadFile(p.log)
	require.NoError(p.t, err, "%s", text)
}

func (p *process) is(state string) bool { return p.says.Load() == state }
