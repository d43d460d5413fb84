package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/handlers/checkpoint"
)

// checkpointWithin bounds the last checkpoint: an end is not held up by it.
const checkpointWithin = 10 * time.Second

// openCheckpoint makes the keeper of the checkpoint in the state folder.
// Where the fold cannot be told from others there is none, and the log is read
// whole.
func (p *pipeline) openCheckpoint(home string) {
	fold, err := checkpoint.Fold()
	if err != nil {
		p.log.Warn("no checkpoints are kept; each start reads the whole log", "error", err)
	}
	p.keeper = &checkpoint.Keeper{
		Path: filepath.Join(home, "checkpoint"), Source: p.bus, Topic: p.bus.Topics().Events, Fold: fold, Log: p.log,
	}
}

// resume begins where the checkpoint stands, if there is one that fits. All
// who listen to the whole log must listen already.
func (p *pipeline) resume(ctx context.Context) {
	p.resumed, _ = p.keeper.Resume(ctx, p.state)
}

// resumeTables spares the tables to read what the fold has read, now that it
// has caught up: all of it where they have it, else up to the checkpoint.
func (p *pipeline) resumeTables() {
	if !p.tables.Resume(p.state.Snapshot()) && !p.tables.Resume(p.resumed) {
		p.log.Warn("tables lack what the checkpoint stands for; they read the whole log")
	}
	p.resumed = handlers.Snapshot{}
}

// lastCheckpoint is that of a clean end: the next start has nothing to read.
func (p *pipeline) lastCheckpoint(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), checkpointWithin)
	defer stop()
	if err := p.keeper.Save(ctx, p.state, p.tables.Level); err != nil {
		p.log.Warn("the next start reads more of the log", "error", err)
	}
}
