package sink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// damage is what planted defects do to trades that were found good, and to the
// batches that are written of them. With no defect it does nothing. It is for
// one goroutine.
type damage struct {
	defects defect.Set
	table   spoiler
	die     func()                 // ends the process at once
	did     *prometheus.CounterVec // by defect

	late    []trade.V2     // rows that follow with the next batch, if there is one
	delayed []trade.V2     // rows of this batch that do so
	batches int64          // with rows, since the service started
	dying   bool           // the batch that is being written is its last
	head    standing       // after the last batch; zero: not known
	still   standing       // where the table is held; zero: nowhere
	from    lake.Watermark // the table's position where it was set back; nil: the writer's
}

// spoiler is the part of a lake table that only defects need.
type spoiler interface {
	Rewind(ctx context.Context, snapshot int64) error
	LoseFile(ctx context.Context, snapshot int64) (location string, err error)
}

// standing is a state of the table.
type standing struct {
	snapshot int64
	mark     lake.Watermark
}

func newDamage(defects defect.Set, table spoiler) *damage {
	return &damage{
		defects: defects, table: table,
		die: func() { _ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL) }, // nothing is left to do where it fails
		did: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "sink_planted_total", Help: "Records or batches that a planted defect has damaged, by defect.",
		}, []string{"defect"}),
	}
}

// begin forgets what was known of the table.
func (d *damage) begin() { d.late, d.delayed, d.head, d.from = nil, nil, standing{}, nil }

// note counts a damage and says where it is.
func (d *damage) note(ctx context.Context, what defect.Defect, where ...any) {
	d.did.WithLabelValues(string(what)).Inc()
	slog.InfoContext(ctx, "a planted defect did its damage", append([]any{"defect", string(what)}, where...)...)
}

// concerns says whether the batch that is being written is one that a defect
// damages.
func (d *damage) concerns(what defect.Defect) bool {
	every := d.defects.Every(what)
	return every > 0 && d.batches%every == 0
}

// before gives what is written of a batch, and the position that it follows on.
func (d *damage) before(ctx context.Context, rows []trade.V2, at lake.Watermark) ([]trade.V2, lake.Watermark) {
	if d.from != nil {
		at = maps.Clone(d.from)
	}
	if d.defects.Has(defect.CommitBeforeWrite) {
		d.delayed, rows = append(d.delayed, rows...), nil
	}
	rows = append(rows, d.late...)
	d.late, d.delayed = d.delayed, nil
	if len(rows) == 0 {
		return rows, at
	}
	d.batches++
	if d.concerns(defect.CommitThenCrash) {
		d.note(ctx, defect.CommitThenCrash, "rows", len(rows))
		d.dying, rows = true, nil
	}
	return rows, at
}

// after spoils a batch that was written; again writes its rows once more.
func (d *damage) after(ctx context.Context, rows []trade.V2, now standing, again func() (standing, error)) (err error) {
	if d.dying {
		d.die()
		return errors.New("ending after the position without its rows, as the defect commit-then-crash wants it")
	}
	d.from = nil
	if len(rows) > 0 {
		if now, err = d.spoil(ctx, now, again); err != nil {
			return err
		}
	}
	to := d.setBack(ctx, len(rows) > 0, now)
	if to.snapshot == 0 {
		d.head = now
		return nil
	}
	if err := d.table.Rewind(ctx, to.snapshot); err != nil {
		return fmt.Errorf("planting a defect: %w", err)
	}
	d.head, d.from = to, to.mark
	return nil
}

// spoil does what leaves the batch in the table's history.
func (d *damage) spoil(ctx context.Context, now standing, again func() (standing, error)) (_ standing, err error) {
	if d.concerns(defect.WriteTwice) {
		if now, err = again(); err != nil {
			return now, fmt.Errorf("planting a defect: %w", err)
		}
		d.note(ctx, defect.WriteTwice, "snapshot", now.snapshot)
	}
	if d.concerns(defect.LoseDataFile) {
		location, err := d.table.LoseFile(ctx, now.snapshot)
		if err != nil {
			return now, fmt.Errorf("planting a defect: %w", err)
		}
		d.note(ctx, defect.LoseDataFile, "file", location, "snapshot", now.snapshot)
	}
	return now, nil
}

// setBack says where the table is to stand instead of now; zero is now.
func (d *damage) setBack(ctx context.Context, rows bool, now standing) standing {
	switch {
	case d.still.snapshot != 0:
		if rows {
			d.note(ctx, defect.StaleSnapshot, "snapshot", now.snapshot, "stands_at", d.still.snapshot)
		}
		return d.still
	case rows && d.concerns(defect.StaleSnapshot):
		d.still = now
	case rows && d.concerns(defect.OrphanCommit) && d.head.snapshot != 0:
		d.note(ctx, defect.OrphanCommit, "snapshot", now.snapshot, "stands_at", d.head.snapshot)
		return d.head
	}
	return standing{}
}
