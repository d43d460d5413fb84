package sources

import (
	"context"
	"strconv"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/audit"
)

// headerReason is one word for why a record is dead, where a sink gives one.
const headerReason = "dlq_reason"

// LetterTopic is a topic of dead letters, whose headers say where their records
// were.
type LetterTopic struct {
	Bus  *bus.Bus
	Name string
	Of   string // the source topic
}

// Letters implements audit.Letters.
func (t LetterTopic) Letters(ctx context.Context, each func(audit.Letter) error) error {
	ends, err := t.Bus.EndOffsets(ctx, t.Name)
	if err != nil {
		return err
	}
	return t.Bus.ReadTo(ctx, t.Name, nil, ends, func(records []bus.Record) error {
		for _, rec := range records {
			l, ok := LetterOf(rec, t.Of)
			if !ok {
				continue // of another topic
			}
			if err := each(l); err != nil {
				return err
			}
		}
		return nil
	})
}

// LetterOf reads where the record of a dead letter stood in a source topic, and
// why it is dead. False for a letter of another topic, or of no place.
func LetterOf(rec bus.Record, topic string) (audit.Letter, bool) {
	partition, perr := strconv.ParseInt(rec.Headers[bus.HeaderPartition], 10, 32)
	offset, oerr := strconv.ParseInt(rec.Headers[bus.HeaderOffset], 10, 64)
	why := rec.Headers[headerReason]
	if why == "" {
		why = rec.Headers[bus.HeaderCause]
	}
	l := audit.Letter{
		At: audit.Place{Partition: int32(partition), Offset: offset}, Reason: why,
		Topic: rec.Topic, Self: audit.Place{Partition: rec.Partition, Offset: rec.Offset}, Kept: rec.Key, Raw: rec.Value,
	}
	if confluent.Framed(rec.Value) {
		l.SchemaID = int32(confluent.ID(rec.Value)) //nolint:gosec // its 32 bits
	}
	return l, perr == nil && oerr == nil && rec.Headers[bus.HeaderTopic] == topic
}
