package verifier_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
)

type row = trade.V2

// sinkProcess is a sink with a home of its own, which is started again when it
// ends before it was asked to.
type sinkProcess struct {
	w      *world
	config sink.Config
	log    string
	cmd    *exec.Cmd
	asked  chan struct{}
	gone   chan struct{} // nobody starts it again
}

// startSink starts one that writes batches of so many records.
func (w *world) startSink(name string, rows int, defects ...defect.Defect) *sinkProcess {
	w.t.Helper()
	s := &sinkProcess{w: w, log: filepath.Join(w.home, name+".log"), asked: make(chan struct{}), gone: make(chan struct{}), config: sink.Config{
		Home: filepath.Join(w.home, name), Kafka: w.kafka, Registry: w.addr(registry.Name), Lake: w.at,
		Every: 200 * time.Millisecond, Rows: rows, Defects: defects,
	}}
	require.NoError(w.t, s.start())
	go s.keep()
	w.t.Cleanup(s.stop)
	w.healthy(sink.Name, s.config.Home)
	w.sink = s
	return s
}

func (s *sinkProcess) start() error {
	config, err := json.Marshal(s.config)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(s.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own
	s.cmd = exec.Command(os.Args[0])   //nolint:gosec,noctx // this very binary; it ends when it is asked to
	s.cmd.Env = append(os.Environ(), asSink+"="+string(config))
	s.cmd.Stderr, s.cmd.SysProcAttr = log, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return s.cmd.Start()
}

// keep waits for the process, and starts it again.
func (s *sinkProcess) keep() {
	defer close(s.gone)
	for {
		ended := make(chan struct{})
		go func() {
			_ = s.cmd.Wait() // however it ends
			close(ended)
		}()
		select {
		case <-ended:
		case <-s.asked:
			_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
			<-ended
			return
		}
		if err := s.start(); err != nil {
			s.w.t.Errorf("starting a sink again: %v", err)
			return
		}
	}
}

// stop asks it to end, and waits.
func (s *sinkProcess) stop() {
	select {
	case <-s.asked:
	default:
		close(s.asked)
	}
	<-s.gone
}

// signal sends one to the process as it is now.
func (s *sinkProcess) signal(what syscall.Signal) {
	rec, err := process.Read(service.RecordPath(s.config.Home, sink.Name))
	if err == nil {
		_ = syscall.Kill(rec.PID, what) // it may have ended
	}
}

// damage is what a planted defect says that it did.
type damage struct {
	Defect    string
	Partition int32
	Offset    int64
	Rows      int64
	Snapshot  int64
	StandsAt  int64 `json:"stands_at"`
	File      string
}

// said reads the sink's log: all that it says to have damaged.
func (s *sinkProcess) said() []damage {
	s.w.t.Helper()
	file, err := os.Open(s.log)
	require.NoError(s.w.t, err)
	defer func() { require.NoError(s.w.t, file.Close()) }()
	var all []damage
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var d damage
		if err := json.Unmarshal(lines.Bytes(), &d); err == nil && d.Defect != "" {
			all = append(all, d)
		}
	}
	require.NoError(s.w.t, lines.Err())
	return all
}

// counter is one of the process as it is now.
func (s *sinkProcess) counter(series string) int64 {
	s.w.t.Helper()
	rec, err := process.Read(service.RecordPath(s.config.Home, sink.Name))
	require.NoError(s.w.t, err)
	body, err := s.w.get("http://" + rec.Addr + "/metrics")
	require.NoError(s.w.t, err)
	for line := range strings.Lines(body) {
		if text, ok := strings.CutPrefix(line, series+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			require.NoError(s.w.t, err)
			return int64(n)
		}
	}
	return 0
}

// planted is how much a defect says that it damaged.
func (s *sinkProcess) planted(what defect.Defect) int64 {
	return s.counter(`sink_planted_total{defect="` + string(what) + `"}`)
}
