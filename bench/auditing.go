package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	auditWithin      = 30 * time.Minute
	auditLogTarget   = 1_000_000 // records a second
	auditTableTarget = 2_000_000 // rows a second
	auditMemory      = 512 << 20
)

// finding is what an auditor prints as one line of JSON behind foundLine.
type finding struct {
	Records int64 `json:"records"`
	Rows    int64 `json:"rows"`
	Lost    int64 `json:"lost"`
	Doubled int64 `json:"doubled"`
	Altered int64 `json:"altered"`
	Phantom int64 `json:"phantom"`

	// In seconds: reading the log, reading the table, and all that it takes once
	// the program is ready.
	Log   float64 `json:"log_s"`
	Table float64 `json:"table_s"`
	All   float64 `json:"all_s"`
}

// foundLine begins the line on which an auditor prints what it found.
const foundLine = "found "

// counts is the finding without its times.
func (f finding) counts() finding {
	f.Log, f.Table, f.All = 0, 0, 0
	return f
}

func (f finding) String() string {
	return fmt.Sprintf("%d records, %d rows: %d lost, %d doubled, %d altered, %d never produced", f.Records, f.Rows, f.Lost, f.Doubled, f.Altered, f.Phantom)
}

// auditor is a program that compares a topic with a table: counts, sums and
// digests by key bucket, then the records of the buckets that differ.
type auditor struct {
	name  string
	own   bool // Faultline's, which has targets
	start func(c corpus, log string) (*child, error)
}

// auditors are Faultline's, and the peer.
func (b *bench) auditors() []auditor {
	out := []auditor{{name: "Faultline", own: true, start: func(c corpus, log string) (*child, error) {
		return errand{Brokers: b.brokers, Lake: b.shelf.Lake, Topic: c.Topic, Table: c.Table, Registry: c.Registry}.launch("Faultline's audit", log)
	}}}
	if b.peers != "" {
		out = append(out, auditor{name: "peer: the same comparison in PySpark", start: func(c corpus, log string) (*child, error) {
			return launch("the comparison in PySpark", log, b.python, "bench/peers/audit.py", strings.Join(b.brokers, ","), c.Topic, c.Registry,
				benchNamespace+"."+c.Table, filepath.Join(b.peers, "spark-kafka"), b.shelf.Catalog, b.shelf.S3, b.shelf.Key, b.shelf.Secret)
		}})
	}
	return out
}

// auditing has each auditor compare topics of several sizes with their tables.
func (b *bench) auditing(ctx context.Context) (err error) {
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	schemas, at, err := startRegistry(ctx, b.bin, home)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, schemas.end()) }()
	if err := b.shelf.prepare(ctx); err != nil {
		return err
	}
	for _, text := range list(b.audits) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1000 {
			return fmt.Errorf("auditing %q records: write whole numbers from 1000 on, with commas", text)
		}
		c, err := b.makeCorpus(ctx, at, n)
		if err != nil {
			return err
		}
		for _, a := range b.auditors() {
			if err := b.audit(ctx, a, c); err != nil {
				return err
			}
		}
		if err := b.forget(ctx, c.Topic); err != nil {
			return err
		}
	}
	return nil
}

// audit runs one auditor and adds its lines.
func (b *bench) audit(ctx context.Context, a auditor, c corpus) error {
	began := time.Now()
	program, err := a.start(c, filepath.Join(b.temp, fmt.Sprintf("audit-%d-%d.log", c.Records, began.UnixNano())))
	if err != nil {
		return err
	}
	rss, err := untilEnd(ctx, program, auditWithin)
	if err != nil {
		return err
	}
	whole := time.Since(began)
	got, err := foundIn(program.log)
	if err != nil {
		return err
	}
	figure := fmt.Sprintf("audit of %d records, %s", c.Records, a.name)
	logRate, tableRate := float64(got.Records)/got.Log, float64(got.Rows)/got.Table
	targets := [4]string{"", "", "", "what was planted"}
	if a.own {
		targets[0], targets[1], targets[2] = "≥ 1,000,000 records/s", "≥ 2,000,000 rows/s", "≤ 512 MiB"
	}
	b.add(figure+": the log", targets[0], fmt.Sprintf("%.0f records/s", logRate), logRate >= auditLogTarget)
	b.add("the same: the table", targets[1], fmt.Sprintf("%.0f rows/s", tableRate), tableRate >= auditTableTarget)
	b.add("the same: memory at its peak", targets[2], mib(rss), rss <= auditMemory)
	b.add("the same: found", targets[3], got.String(), got.counts() == c.found())
	b.peer("the same: all of it", fmt.Sprintf("%.1f s; %s from the program's start", got.All, short(whole)))
	return nil
}

// untilEnd waits for a program that ends by itself, and says how much memory it
// had at most.
func untilEnd(ctx context.Context, c *child, within time.Duration) (rss int64, err error) {
	for late := time.After(within); ; {
		rss = max(rss, peakOf(c.pid()))
		select {
		case <-c.done:
			if c.left != nil {
				return rss, fmt.Errorf("running %s: %w; %s", c.what, c.left, lastLine(c.log))
			}
			return rss, nil
		case <-late:
			return rss, errors.Join(fmt.Errorf("running %s: it took more than %s", c.what, within), c.end())
		case <-ctx.Done():
			return rss, errors.Join(ctx.Err(), c.end())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// foundIn reads what an auditor printed.
func foundIn(log string) (f finding, err error) {
	text, err := os.ReadFile(log) //nolint:gosec // below a folder of our own
	if err != nil {
		return f, fmt.Errorf("reading what an auditor found: %w", err)
	}
	_, line, ok := strings.Cut(string(text), foundLine+"{")
	if !ok {
		return f, fmt.Errorf("an auditor printed nothing that begins with %q; %s", foundLine, lastLine(log))
	}
	line, _, _ = strings.Cut(line, "\n")
	if err := json.Unmarshal([]byte("{"+line), &f); err != nil {
		return f, fmt.Errorf("reading what an auditor found: %w", err)
	}
	return f, nil
}
