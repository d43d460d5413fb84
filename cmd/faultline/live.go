package main

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/progress"
	"github.com/k2-platform/faultline/internal/report"
	"github.com/k2-platform/faultline/spec"
)

// live shows a run as a block that stands on the terminal, below the lines of
// what happened. What comes before the block and after it is that of plain.
type live struct {
	*plain
	terminal *os.File
	metrics  []progress.Metric
	block    atomic.Pointer[progress.Live] // while the run goes on
}

func (l *live) begin(id spec.ExperimentID, doc spec.Document) {
	l.plain.begin(id, doc)
	now := time.Now()
	l.block.Store(progress.Start(l.terminal, os.Getenv, progress.View{
		ID: id, Document: doc.WithDefaults(), Metrics: l.metrics, Began: l.began, Now: now,
	}))
}

func (l *live) accepted(a handlers.Accepted) {
	block := l.block.Load()
	if block == nil || a.Batch.Experiment != l.id {
		return
	}
	lines := make([]string, len(a.Batch.Events))
	for i, e := range a.Batch.Events {
		lines[i] = report.Line(e)
	}
	block.Lines(time.Now(), lines...)
	block.State(a.State)
}

func (l *live) tick(t events.Tick) {
	if block := l.block.Load(); block != nil {
		block.Read(t)
	}
}

func (l *live) beat(_ experiment.State, now time.Time) {
	if block := l.block.Load(); block != nil {
		block.Beat(now)
	}
}

// say is called when the user pressed a key, which the terminal echoed.
func (l *live) say(line string) {
	if block := l.block.Load(); block != nil {
		block.Lines(time.Now(), line)
		block.Repaint()
	}
}

func (l *live) end(s experiment.State) {
	l.close()
	l.plain.end(s)
}

// close tells of a block that ended early and goes no further: how a run is
// shown decides nothing about it.
func (l *live) close() {
	block := l.block.Swap(nil)
	if block == nil {
		return
	}
	if err := block.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "faultline:", err)
	}
}
