package spark

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

//go:embed job.py results.py
var scripts embed.FS

const (
	// grace is how long Spark may take to give back what it holds of a cluster.
	grace = 20 * time.Second
	// tail is how much of what spark-submit wrote goes into an error.
	tail = 4 << 10
)

// ErrNoSpark is returned where there is no spark-submit to run.
var ErrNoSpark = errors.New("no spark-submit")

// Submit is how to reach a Spark. Its zero value lacks a Catalog.
type Submit struct {
	// Command is spark-submit, default the one of the PATH.
	Command string
	// Args come before the script: --master, and --packages or --jars with
	// Iceberg's runtime for this Spark. The driver runs here whatever they say,
	// because its results are read from a file.
	Args []string
	// Env is added to the environment: NAME=value.
	Env     []string
	Catalog Catalog
}

// Run runs a job and returns its results in the job's order. An error of one
// query is in its result. The error returned is about Spark itself: it could
// not be started, or ended before it came to the last query; what it had
// answered until then is returned beside it. When ctx ends Spark is told to
// stop, and is killed where it does not. Keys and passwords of the catalog are
// in a file that only this user reads, and on no command line.
func (s Submit) Run(ctx context.Context, job Job) ([]Result, error) {
	conf, err := s.Catalog.conf()
	if err != nil {
		return nil, err
	}
	command, err := exec.LookPath(orDefault(s.Command))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; install Spark, or name its spark-submit", ErrNoSpark, err)
	}
	dir, err := os.MkdirTemp("", "faultline-spark-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the job of Spark: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := write(dir, job, conf); err != nil {
		return nil, fmt.Errorf("writing the job of Spark: %w", err)
	}
	failed := s.start(ctx, command, dir)
	results, err := read(filepath.Join(dir, "results.jsonl"))
	if failed == nil && err == nil {
		err = job.answered(results)
	}
	if err := errors.Join(failed, err); err != nil {
		return results, fmt.Errorf("running SQL on Spark with %s: %w", command, err)
	}
	return results, nil
}

func orDefault(command string) string {
	if command == "" {
		return "spark-submit"
	}
	return command
}

func (s Submit) start(ctx context.Context, command, dir string) error {
	script := filepath.Join(dir, "job.py")
	args := slices.Concat(s.Args, []string{
		"--deploy-mode", "client", "--name", "faultline",
		script, filepath.Join(dir, "job.json"), filepath.Join(dir, "results.jsonl"),
	})
	cmd := exec.CommandContext(ctx, command, args...) //nolint:gosec // it is the user's own Spark
	cmd.Env = append(os.Environ(), s.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // spark-submit is a script around what has to stop
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	var said last
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if ctx.Err() != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what did not stop by itself
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%w; it said last:\n%s", err, said.bytes)
	}
	return nil
}

func write(dir string, job Job, conf map[string]string) error {
	for _, name := range []string{"job.py", "results.py"} {
		text, err := scripts.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return err
		}
	}
	text, err := json.Marshal(struct {
		Job
		Conf map[string]string `json:"conf"`
	}{job, conf})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "job.json"), text, 0o600)
}

// read reads results up to the first that is not whole: Spark died there. No
// file is no result.
func read(path string) ([]Result, error) {
	text, err := os.ReadFile(path) //nolint:gosec // a file of ours
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the results of Spark: %w", err)
	}
	var out []Result
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var r Result
		if err := d.Decode(&r); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return out, fmt.Errorf("reading result %d of Spark: %w", len(out)+1, err)
		}
		out = append(out, r)
	}
}

// last keeps the end of what is written to it.
type last struct{ bytes []byte }

func (l *last) Write(p []byte) (int, error) {
	l.bytes = append(l.bytes, p...)
	if over := len(l.bytes) - tail; over > 0 {
		l.bytes = append(l.bytes[:0], l.bytes[over:]...)
	}
	return len(p), nil
}
