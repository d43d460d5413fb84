package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// committed begins the line on which a program says how many milliseconds a
// commit took, from when its rows were in memory until they were in the table.
const committed = "committed after ms "

// engine is a program that writes a topic to a table.
type engine struct {
	name  string
	table string
	start func(ctx context.Context) (*child, error)
	// commits reads from the program's log how long each commit took.
	commits func(log string) (spread, error)
	// within is how long it may take.
	within time.Duration
}

// written is how an engine did.
type written struct {
	rows    int64
	whole   time.Duration // from its start until the last row is in the table
	going   float64       // rows a second after the first commit, 0 where there is only one
	commits spread
	rss     int64 // of all its processes, at their peak
}

// run has an engine write the topic, watches it from outside, and ends it.
func (e engine) run(ctx context.Context, s shelf, rows int64) (out written, err error) {
	began := time.Now()
	c, err := e.start(ctx)
	if err != nil {
		return written{}, err
	}
	snapshots, err := e.watch(ctx, s, c, rows, &out)
	if err := errors.Join(err, finish(c)); err != nil {
		return written{}, err
	}
	first, last := snapshots[0], snapshots[len(snapshots)-1]
	out.rows, out.whole = last.total, last.at.Sub(began)
	if took := last.at.Sub(first.at); took > 0 {
		out.going = float64(last.total-first.total) / took.Seconds()
	}
	out.commits, err = e.commits(c.log)
	return out, err
}

// lastWords is how long a program has to say what it did last, once all is done.
const lastWords = 2 * time.Second

// finish ends a program that has done all that was asked of it. One that goes on
// for ever takes being ended as an error of its own, which it is not.
func finish(c *child) error {
	select {
	case <-c.done:
	case <-time.After(lastWords):
	}
	err := c.end()
	if errors.As(err, new(*exec.ExitError)) {
		return nil
	}
	return err
}

// watch returns the snapshots once all rows are in the table.
func (e engine) watch(ctx context.Context, s shelf, c *child, rows int64, out *written) ([]commit, error) {
	for late := time.After(e.within); ; {
		ended := false
		select {
		case <-c.done:
			ended = true
		case <-late:
			return nil, fmt.Errorf("%s did not write all %d rows within %s; %s", e.name, rows, e.within, lastLine(c.log))
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
		out.rss = max(out.rss, peakOf(c.pid()))
		snapshots, err := s.commits(ctx, e.table)
		if err != nil {
			return nil, err
		}
		total := int64(0)
		if len(snapshots) > 0 {
			total = snapshots[len(snapshots)-1].total
		}
		switch {
		case total > rows:
			return nil, fmt.Errorf("%s wrote %d rows of %d records", e.name, total, rows)
		case total == rows:
			return snapshots, nil
		case ended:
			return nil, fmt.Errorf("%s ended after %d of %d rows (%w); %s", e.name, total, rows, errors.Join(c.left, errEarly), lastLine(c.log))
		}
	}
}

var errEarly = errors.New("too early")

// peakOf is the resident size of a process and all below it, of each at its peak.
func peakOf(pid int) (sum int64) {
	for _, p := range family(pid) {
		sum += status(p, "VmHWM:")
	}
	return sum
}

// told reads the commits that a program tells of line by line.
func told(log string) (out spread, err error) {
	err = eachLine(log, func(line string) error {
		text, ok := strings.CutPrefix(line, committed)
		if !ok {
			return nil
		}
		ms, err := strconv.ParseInt(text, 10, 64)
		out = append(out, time.Duration(ms)*time.Millisecond)
		return err
	})
	return out, err
}

func eachLine(file string, each func(string) error) (err error) {
	f, err := os.Open(file) //nolint:gosec // below a folder of our own
	if err != nil {
		return fmt.Errorf("reading a log: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := each(lines.Text()); err != nil {
			return fmt.Errorf("reading %s: %w", file, err)
		}
	}
	return lines.Err()
}
