package projections

import (
	"time"

	"github.com/k2-platform/faultline/internal/lake"
)

// ReadingRow is one reading, or a gap: then Metric is empty and GapWhy says
// why readings between GapFrom and GapTo are missing.
type ReadingRow struct {
	Source
	Experiment string
	Seq        uint64 // of the tick that brought it
	TickAt     time.Time
	Version    uint64 // of the state that the judge knew then
	Metric     string
	Value      float64
	At         time.Time // of a gap: when it was told
	Gap        bool
	GapFrom    time.Time
	GapTo      time.Time
	GapWhy     string
}

// Readings makes a row for each reading of the tick, and one for its gap. A
// tick that brought nothing makes none: Seq has a hole there.
func Readings(t Tick) []ReadingRow {
	base := ReadingRow{
		Source: t.source(), Experiment: string(t.Tick.Experiment), Seq: t.Tick.Seq,
		TickAt: t.Tick.At, Version: t.Tick.Version,
	}
	rows := make([]ReadingRow, 0, len(t.Tick.Readings)+1)
	for _, reading := range t.Tick.Readings {
		row := base
		row.Metric, row.Value, row.At = reading.Metric, reading.Value, reading.At
		rows = append(rows, row)
	}
	if gap := t.Tick.Gap; gap != nil {
		row := base
		row.At, row.Gap, row.GapFrom, row.GapTo, row.GapWhy = t.Tick.At, true, gap.From, gap.To, gap.Why
		rows = append(rows, row)
	}
	return rows
}

func readingTable() lake.Definition[ReadingRow] {
	return define("readings", []lake.Column[ReadingRow]{
		lake.Text("experiment", func(r ReadingRow) string { return r.Experiment }),
		lake.Count("seq", func(r ReadingRow) uint64 { return r.Seq }),
		lake.Instant("tick_at", func(r ReadingRow) time.Time { return r.TickAt }),
		lake.Count("version", func(r ReadingRow) uint64 { return r.Version }),
		lake.OptionalText("metric", func(r ReadingRow) (string, bool) { return r.Metric, !r.Gap }),
		lake.OptionalDouble("value", func(r ReadingRow) (float64, bool) { return r.Value, !r.Gap }),
		lake.Instant(at, func(r ReadingRow) time.Time { return r.At }),
		lake.OptionalInstant("gap_from", func(r ReadingRow) (time.Time, bool) { return r.GapFrom, r.Gap }),
		lake.OptionalInstant("gap_to", func(r ReadingRow) (time.Time, bool) { return r.GapTo, r.Gap }),
		lake.OptionalText("gap_why", func(r ReadingRow) (string, bool) { return r.GapWhy, r.Gap }),
	}, "metric", "seq")
}
