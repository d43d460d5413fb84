//go:build e2e

package queries_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/projections"
)

func topics() projections.Topics {
	return projections.Topics{Events: "chaos.events", Readings: "chaos.readings", GroundTruth: "chaos.ground-truth", RecordLedger: "chaos.record-ledger"}
}

// recorded is a log that is written before it is read: one partition a topic.
type recorded map[string][]bus.Record

func (l recorded) put(t *testing.T, topic string, e cloudevent.Event, err error) {
	t.Helper()
	require.NoError(t, err)
	l[topic] = append(l[topic], bus.Record{
		Topic: topic, Offset: int64(len(l[topic])), Key: []byte(e.Subject), Headers: e.Headers(), Value: e.Data, Time: e.Time,
	})
}

func (l recorded) batch(t *testing.T, b events.Batch) {
	t.Helper()
	e, err := events.EncodeBatch(b, "")
	l.put(t, topics().Events, e, err)
}

func (l recorded) tick(t *testing.T, tick events.Tick) {
	t.Helper()
	e, err := events.EncodeTick(tick)
	l.put(t, topics().Readings, e, err)
}

func (l recorded) page(t *testing.T, p events.LedgerPage) {
	t.Helper()
	e, err := events.EncodeLedgerPage(p)
	l.put(t, topics().RecordLedger, e, err)
}

func (l recorded) truth(t *testing.T, f truth.Fact) {
	t.Helper()
	e, err := truth.Encode(f)
	l.put(t, topics().GroundTruth, e, err)
}

func (l recorded) Read(ctx context.Context, topic string, from map[int32]int64, each func([]bus.Record) error) error {
	if err := each(l[topic][from[0]:]); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

func (l recorded) EndOffsets(_ context.Context, topic string) (map[int32]int64, error) {
	return map[int32]int64{0: int64(len(l[topic]))}, nil
}

// last is the newest record of each topic.
func (l recorded) last() []projections.Source {
	var out []projections.Source
	for topic, records := range l {
		out = append(out, projections.Source{Topic: topic, Offset: int64(len(records) - 1)})
	}
	return out
}
