package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

// audit prints what is found.
func (e errand) audit(ctx context.Context) error {
	found, err := e.find(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("writing what was found: %w", err)
	}
	fmt.Printf("%s%s\n", foundLine, text)
	return nil
}

// find accounts for all records of a topic as Faultline does.
func (e errand) find(ctx context.Context) (found finding, err error) {
	log, err := bus.Open(bus.Config{Brokers: e.Brokers}, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	l, err := lake.Open(ctx, e.Lake)
	if err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	reads, err := e.mapping(ctx, l)
	if err != nil {
		return found, err
	}
	ends, err := log.Committed(ctx, e.Topic)
	if err != nil {
		return found, err
	}
	window := audit.Window{Alone: true}
	for partition, end := range ends {
		window.Log = append(window.Log, audit.Range{Partition: partition, To: end})
	}
	const keys = 1
	table := &timed{Table: sources.Table{Lake: l, Namespace: benchNamespace, Name: e.Table, Columns: reads.Columns(), Keys: keys}}
	began := time.Now()
	report, err := audit.Run(ctx, audit.Config{
		Log: sources.Topic{Bus: log, Name: e.Topic}, Table: table, Formers: sources.Formers(reads), Columns: reads.Columns(), Keys: keys, Window: window,
	})
	if err != nil {
		return found, err
	}
	if !report.Conclusive() {
		return found, fmt.Errorf("the audit says nothing: %v %s", report.Unread, report.Unbalanced)
	}
	return finding{
		Records: report.Records, Rows: report.Rows, Lost: report.Classes.Of(account.LostAcked), Doubled: report.Classes.Of(account.StoredN),
		Altered: report.Classes.Of(account.Altered), Phantom: report.Classes.Of(account.Phantom),
		Log: table.began.Sub(began).Seconds(), Table: table.took.Seconds(), All: time.Since(began).Seconds(),
	}, nil
}

// mapping compares the columns that the peer compares.
func (e errand) mapping(ctx context.Context, l *lake.Lake) (*mapping.Mapping, error) {
	has, err := l.Columns(ctx, benchNamespace, e.Table)
	if err != nil {
		return nil, err
	}
	var columns []mapping.Column
	for _, c := range has {
		columns = append(columns, mapping.Column{Name: c.Name, Type: mapping.ParseType(c.Type)})
	}
	m := spec.Mapping{Format: spec.FormatAvro, Registry: e.Registry, Key: []string{"trade_id"}}
	for _, field := range []string{"trade_id", "symbol", "timestamp", "price", "quantity"} {
		m.Fields = append(m.Fields, spec.MappedField{Field: field})
	}
	return mapping.Compile(m, columns, confluent.NewRegistries(&http.Client{Timeout: 10 * time.Second}).At(e.Registry))
}

// timed is a table that notes when its first reading began, which is when that
// of the log was over, and how long it took.
type timed struct {
	audit.Table
	once  sync.Once
	began time.Time
	took  time.Duration
}

// Rows implements audit.Table.
func (t *timed) Rows(ctx context.Context, r audit.Rows, each func(worker int, f audit.Forms) error) (err error) {
	first := false
	t.once.Do(func() { first = true })
	if !first {
		return t.Table.Rows(ctx, r, each)
	}
	t.began = time.Now()
	err = t.Table.Rows(ctx, r, each)
	t.took = time.Since(t.began)
	return err
}
