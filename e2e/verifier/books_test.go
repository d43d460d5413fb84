package verifier_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/clients/receipts"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/audit/sources"
	"github.com/k2-platform/faultline/projections/checks"
	"github.com/k2-platform/faultline/projections/digest"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// everyRecord is more than any world has: all that are wrong are named.
const everyRecord = 1 << 20

// flow is the world as an audit reads it.
func (w *world) flow() *sources.Platform {
	w.t.Helper()
	p, err := sources.Open(w.t.Context(), w.books(), w.bus, w.lake)
	require.NoError(w.t, err)
	return p
}

// window is all that the log has, against the table as it is.
func (w *world) window(p *sources.Platform) audit.Window {
	w.t.Helper()
	ends, err := w.bus.EndOffsets(w.t.Context(), broker.Topic)
	require.NoError(w.t, err)
	next, owned, err := p.Sink(w.t.Context())
	require.NoError(w.t, err)
	require.True(w.t, owned)
	return audit.Window{Log: sources.RangesOf(nil, ends), Alone: true, Sink: next}
}

// config is an audit with receipts, dead letters and the truth.
func (w *world) config(p *sources.Platform, window audit.Window) audit.Config {
	c := p.Audit(window)
	c.Receipts, c.Truth, c.Examples = w, w, everyRecord
	return c
}

// audit closes the books of all records.
func (w *world) audit() audit.Report {
	w.t.Helper()
	p := w.flow()
	return w.run(w.config(p, w.window(p)))
}

func (w *world) run(c audit.Config) audit.Report {
	w.t.Helper()
	r, err := audit.Run(w.t.Context(), c)
	require.NoError(w.t, err)
	return r
}

// told are the receipts of ingestion.
func (w *world) told() (all []ingest.Receipt, err error) {
	for {
		body, err := w.get(fmt.Sprintf("http://%s/receipts?from=%d&to=%d", w.addr(ingest.Name), len(all)+1, len(all)+50_000))
		if err != nil {
			return nil, err
		}
		before := len(all)
		lines := bufio.NewScanner(strings.NewReader(body))
		for lines.Scan() {
			var r ingest.Receipt
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				return nil, err
			}
			all = append(all, r)
		}
		if lines.Err() != nil || len(all) == before {
			return all, lines.Err()
		}
	}
}

// Receipts implements audit.Receipts.
func (w *world) Receipts(_ context.Context, each func(audit.Said) error) error {
	all, err := w.told()
	if err != nil {
		return err
	}
	states := map[receipts.State]account.Receipt{
		receipts.Acked: account.Acked, receipts.Dropped: account.Dropped, receipts.Shed: account.Shed, receipts.Pending: account.Pending,
	}
	for _, r := range all {
		state, ok := states[r.State]
		if !ok {
			state = account.Unacked
		}
		at := audit.Place{Partition: r.Partition, Offset: r.Offset}
		if err := each(audit.Said{Key: digest.AppendText(nil, r.TradeID), State: state, At: at}); err != nil {
			return err
		}
	}
	return nil
}

// check runs all checks that there are.
func (w *world) check() []checks.Result {
	w.t.Helper()
	p := w.flow()
	columns := w.columns(p)
	list := checks.All(checks.Settings{
		Unique: checks.Unique{Slots: 20},
		Sums:   checks.Sums{By: []string{"exchange", "symbol"}, Time: "timestamp", Every: time.Hour, Price: "price", Quantity: "quantity"},
		Sequences: []checks.Sequence{
			{Column: "source_sequence", Per: []string{"exchange", "symbol"}}, {Column: "platform_sequence", Runs: everyRecord}, // over all partitions
		},
		Drift: checks.Drift{Mapped: columns},
	})
	window := w.window(p)
	log := &logSide{w: w, flow: p, ranges: window.Log}
	return checks.Run(w.t.Context(), list, checks.Input{
		Name: sink.Namespace + "." + sink.Table, Key: []string{"trade_id"}, Columns: columns, Log: log, Rows: tableSide{w, p},
		Table: func(ctx context.Context) (*lake.Anatomy, error) {
			return w.lake.Anatomy(ctx, sink.Namespace, sink.Table)
		},
		Offsets: w.places, Registry: log, Clock: time.Now,
	})
}

// columns are those of the mapping, of the types that the table has.
func (w *world) columns(p *sources.Platform) []checks.Column {
	w.t.Helper()
	known, err := w.lake.Columns(w.t.Context(), sink.Namespace, sink.Table)
	require.NoError(w.t, err)
	types := map[string]string{}
	for _, c := range known {
		types[c.Name] = c.Type
	}
	var out []checks.Column
	for _, name := range p.Mapping.Columns() {
		c := checks.Column{Name: name, Type: types[name]}
		if strings.HasPrefix(c.Type, "decimal") {
			c.Scale = 8
		}
		out = append(out, c)
	}
	return out
}

// places are where the topic begins and ends, and what the sink told its group.
func (w *world) places(ctx context.Context) (out checks.Places, err error) {
	out.Topic = broker.Topic
	if out.Start, err = w.bus.StartOffsets(ctx, broker.Topic); err != nil {
		return out, err
	}
	if out.End, err = w.bus.EndOffsets(ctx, broker.Topic); err != nil {
		return out, err
	}
	out.Committed, err = w.bus.CommittedBy(ctx, sink.Group, broker.Topic)
	return out, err
}

// answers are the checks that do not hold.
func answers(results []checks.Result, a events.Answer) map[string]bool {
	out := map[string]bool{}
	for _, r := range results {
		if r.Answer == a {
			out[r.Check] = true
		}
	}
	return out
}
