package projections

import (
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/lake"
)

// Batch is one accepted batch, the state it was accepted by, the state it led
// to, and where it stands in the log. Time is that of the record.
type Batch struct {
	Batch     events.Batch
	Before    experiment.State
	State     experiment.State
	Topic     string
	Partition int32
	Offset    int64
	Time      time.Time
}

func (b Batch) source() Source {
	return Source{Topic: b.Topic, Partition: b.Partition, Offset: b.Offset}
}

// Tick is one tick and where it stands in the log.
type Tick struct {
	Tick      events.Tick
	Topic     string
	Partition int32
	Offset    int64
}

func (t Tick) source() Source {
	return Source{Topic: t.Topic, Partition: t.Partition, Offset: t.Offset}
}

// Source is the record that a row was made from. Every row has one, so that it
// can be traced to the log, and left out where the table has it already.
type Source struct {
	Topic     string
	Partition int32
	Offset    int64
}

func (s Source) from() Source { return s }

// row is a row of any table: it embeds its Source.
type row interface{ from() Source }

func sourceColumns[R row]() []lake.Column[R] {
	return []lake.Column[R]{
		lake.Text("topic", func(r R) string { return r.from().Topic }),
		lake.Int("partition", func(r R) int64 { return int64(r.from().Partition) }),
		lake.Int("offset", func(r R) int64 { return r.from().Offset }),
	}
}
