package sparkaudit

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/k2-platform/faultline/internal/spark"
)

// The views that the checks are written against, so that they know no table's
// names.
const (
	windowView   = "audit_window"
	rowsView     = "audited"
	beforeView   = "audited_before"
	beforeTable  = "audited_snapshot"
	producedView = "produced"
	sentView     = "sequences_sent"
	unsentView   = "numbers_unsent"
)

func (o Options) snapshots() []spark.Snapshot {
	if o.Before == 0 {
		return nil
	}
	return []spark.Snapshot{{View: beforeTable, Table: o.Table, ID: o.Before}}
}

func (o Options) views() []spark.View {
	views := []spark.View{
		{Name: windowView, SQL: fmt.Sprintf("SELECT %s AS window_from, %s AS window_to", instant(o.From), instant(o.To))},
		{Name: rowsView, SQL: o.mapped(o.Table)},
	}
	if o.Columns.Sequence != "" {
		views = append(views, spark.View{Name: sentView, SQL: o.sent()}, spark.View{Name: unsentView, SQL: o.unsent()})
	}
	if o.Before != 0 {
		views = append(views, spark.View{Name: beforeView, SQL: o.mapped(beforeTable)})
	}
	if o.Produced != nil {
		views = append(views, spark.View{Name: producedView, SQL: o.produced()})
	}
	return views
}

// mapped is the window's rows of a table under the names that checks use. The
// bounds are literals, by which an engine leaves out files.
func (o Options) mapped(table string) string {
	c, slot := o.Columns, o.slot()
	sequence, parts := "CAST(NULL AS BIGINT)", []string{"''"}
	if c.Sequence != "" {
		sequence = "t." + c.Sequence
	}
	for i, per := range c.SequencePer {
		if i > 0 {
			parts = append(parts, "', '")
		}
		parts = append(parts, "CAST(t."+per+" AS STRING)")
	}
	return fmt.Sprintf("SELECT CAST(t.%s AS STRING) AS record_key, t.%s AS exchange, t.%s AS symbol, t.%s AS recorded_at,"+
		" date_trunc('%s', t.%s) AS slot_from, date_trunc('%s', t.%s) + INTERVAL '1' %s AS slot_to,"+
		" t.%s AS price, t.%s AS quantity, %s AS sequence_number, concat(%s) AS sequence_of FROM %s t WHERE t.%s >= %s AND t.%s < %s",
		c.Key, c.Exchange, c.Symbol, c.Time, slot, c.Time, slot, c.Time, strings.ToUpper(slot),
		c.Price, c.Quantity, sequence, strings.Join(parts, ", "), table, c.Time, instant(o.From), c.Time, instant(o.To))
}

func (o Options) slot() string { return cmp.Or(o.Slot, "minute") }

// produced is the log's sums as a table. A table of no rows has no types, so
// there is one that is left out again.
func (o Options) produced() string {
	rows, none := o.Produced, ""
	if len(rows) == 0 {
		rows, none = []Sums{{Price: "0", Quantity: "0", Turnover: "0", From: o.From, First: o.From, Last: o.From}}, " WHERE 1 = 0"
	}
	values := make([]string, len(rows))
	for i, p := range rows {
		values[i] = fmt.Sprintf("(%s, %s, %s, %d, '%s', '%s', '%s', %s, %s)", literal(p.Exchange), literal(p.Symbol), instant(p.From),
			p.Records, p.Price, p.Quantity, p.Turnover, instant(p.First), instant(p.Last))
	}
	return fmt.Sprintf("SELECT v.exchange, v.symbol, v.slot_from, v.slot_from + INTERVAL '1' %s AS slot_to, v.records,"+
		" CAST(v.price AS DECIMAL(38, 8)) AS price, CAST(v.quantity AS DECIMAL(38, 8)) AS quantity, CAST(v.turnover AS DECIMAL(38, 16)) AS turnover, v.first_at, v.last_at"+
		" FROM (VALUES %s) AS v(exchange, symbol, slot_from, records, price, quantity, turnover, first_at, last_at)%s",
		strings.ToUpper(o.slot()), strings.Join(values, ", "), none)
}

// sent is the sequences of the log.
func (o Options) sent() string {
	var rows []string
	for _, s := range o.Sequences {
		rows = append(rows, fmt.Sprintf("(%s, CAST(%d AS BIGINT), CAST(%d AS BIGINT), CAST(%d AS BIGINT))", literal(s.Of), s.First, s.Last, s.Repeats))
	}
	return table(rows, "('', CAST(0 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT))", "sequence_of, first_number, last_number, repeats")
}

// unsent is the numbers that the log lacks, from one to another, and the two
// around each sequence: what lies between those is to be in the table.
func (o Options) unsent() string {
	var rows []string
	for _, s := range o.Sequences {
		for _, m := range append([][2]int64{{s.First - 1, s.First - 1}, {s.Last + 1, s.Last + 1}}, s.Missing...) {
			rows = append(rows, fmt.Sprintf("(%s, CAST(%d AS BIGINT), CAST(%d AS BIGINT))", literal(s.Of), m[0], m[1]))
		}
	}
	return table(rows, "('', CAST(0 AS BIGINT), CAST(0 AS BIGINT))", "sequence_of, first_number, last_number")
}

// table is rows as a query. One of no rows has no types, so there is one that
// is left out again.
func table(rows []string, empty, columns string) string {
	where := ""
	if len(rows) == 0 {
		rows, where = []string{empty}, " WHERE 1 = 0"
	}
	return fmt.Sprintf("SELECT * FROM (VALUES %s) AS v(%s)%s", strings.Join(rows, ", "), columns, where)
}

// instant is a time as a literal. Sessions are in UTC.
func instant(t time.Time) string {
	return "TIMESTAMP '" + t.UTC().Format("2006-01-02 15:04:05.000000") + "'"
}

// literal is a text as a literal that all engines read alike. They do not
// agree on what a backslash is, nor on how a quote is written in a text.
func literal(text string) string {
	var parts []string
	for text != "" {
		if text[0] == '\'' || text[0] == '\\' {
			parts, text = append(parts, fmt.Sprintf("chr(%d)", text[0])), text[1:]
			continue
		}
		end := strings.IndexAny(text, `'\`)
		if end < 0 {
			end = len(text)
		}
		parts, text = append(parts, "'"+text[:end]+"'"), text[end:]
	}
	switch len(parts) {
	case 0:
		return "''"
	case 1:
		return parts[0]
	}
	return "concat(" + strings.Join(parts, ", ") + ")"
}
