package observe

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Inspector looks at the current snapshot of an Iceberg table. ok is false
// when the table has none.
type Inspector interface {
	Inspect(ctx context.Context, namespace, name string) (rows int64, snapshot int64, at time.Time, ok bool, err error)
}

// TableConfig configures Table. A metric without a name is not taken.
type TableConfig struct {
	Inspector       Inspector
	Namespace, Name string

	Rows        string // metric: rows of the current snapshot
	Freshness   string // metric: seconds since the rows last grew
	SnapshotAge string // metric: seconds since the current snapshot was made

	Now func() time.Time
}

// Validate reports all problems.
func (c TableConfig) Validate() error {
	problems := []error{needed("table namespace", c.Namespace), needed("table name", c.Name)}
	if c.Inspector == nil {
		problems = append(problems, errors.New("checking sampler: the table sampler needs an inspector"))
	}
	return errors.Join(append(problems, needed("metric of table "+c.Name, c.Rows+c.Freshness+c.SnapshotAge))...)
}

// Table reads the size and age of an Iceberg table. A snapshot that adds no
// rows, as compaction makes, is young but makes nothing fresh.
type Table struct {
	cfg   TableConfig
	now   func() time.Time
	seen  bool
	rows  int64
	grown time.Time
}

// NewTable makes a Table sampler.
func NewTable(cfg TableConfig) (*Table, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Table{cfg: cfg, now: clock(cfg.Now)}, nil
}

// Sample looks at the table once.
func (t *Table) Sample(ctx context.Context) ([]Reading, error) {
	rows, _, made, ok, err := t.cfg.Inspector.Inspect(ctx, t.cfg.Namespace, t.cfg.Name)
	out := taken{at: t.now()}
	if err == nil && !ok {
		err = errors.New("it has no snapshot")
	}
	if err != nil {
		out.miss(fmt.Errorf("inspecting table %s.%s: %w", t.cfg.Namespace, t.cfg.Name, err), t.cfg.Rows, t.cfg.Freshness, t.cfg.SnapshotAge)
		return out.result()
	}
	if !t.seen || rows > t.rows {
		t.grown = made
	}
	t.seen, t.rows = true, rows
	out.add(t.cfg.Rows, float64(rows))
	out.add(t.cfg.Freshness, max(out.at.Sub(t.grown), 0).Seconds())
	out.add(t.cfg.SnapshotAge, max(out.at.Sub(made), 0).Seconds())
	return out.result()
}
