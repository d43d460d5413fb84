package topic

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/ledger"
)

// maker produces the records of one receipt. It lives until the mark is taken
// away, the deadline is over or its process ends; once all are produced it
// stays, as the sign that they are there.
type maker struct {
	receipt faults.Receipt
	dose    dose
	held    *held
	client  *kgo.Client
}

// lookEvery is how often it looks whether it is still wanted.
const lookEvery = 10 * time.Millisecond

func newMaker(r faults.Receipt, d dose, h *held) (*maker, error) {
	var brokers []string
	if err := take(r.Undo, undoBrokers, &brokers); err != nil {
		return nil, err
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ClientID(clientID), kgo.ProducerLinger(0),
		kgo.ProducerBatchMaxBytes(largest), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		return nil, fmt.Errorf("making a producer of poison: %w", err)
	}
	return &maker{receipt: r, dose: d, held: h, client: c}, nil
}

func (m *maker) run() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		m.make(ctx)
	}()
	for m.wanted() {
		<-time.After(lookEvery)
	}
	stop()
	m.client.Close() // which a record on its way does not outlast
	<-ended
	_ = m.held.close() // the last sign of it
}

func (m *maker) wanted() bool {
	return m.held.wanted() && ledger.Boottime() < m.receipt.Expires
}

// make produces one after the other, each at its time. One that Kafka does not
// take is made again.
func (m *maker) make(ctx context.Context) {
	begun := time.Now()
	for made := 0; made < m.dose.Count; {
		due := begun.Add(time.Duration(float64(made) / m.dose.Rate * float64(time.Second)))
		if !pause.For(ctx, time.Until(due)) || !m.wanted() {
			return
		}
		err := m.client.ProduceSync(ctx, &kgo.Record{
			Topic: m.receipt.Undo[undoTopic], Key: fmt.Appendf(nil, "faultline-poison-%d", made), Value: m.dose.value(),
			Headers: []kgo.RecordHeader{{Key: PoisonHeader, Value: []byte(m.receipt.ID)}},
		}).FirstErr()
		if err != nil {
			if !pause.For(ctx, 100*time.Millisecond) {
				return
			}
			continue
		}
		made++
		_ = m.held.note(made) // without it the fault is not seen
	}
}
