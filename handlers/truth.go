package handlers

import (
	"context"
	"fmt"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// GroundTruth publishes what data faults touched. It connects with the first
// record: Kafka may be away until then, and later. It is for one goroutine.
type GroundTruth struct {
	// Connect opens the log's Kafka; bus.Open does. It closes with GroundTruth.
	Connect func() (*bus.Bus, error)
	bus     *bus.Bus
	flying  sync.WaitGroup // what nobody waits for any more
}

// Publish implements truth.Sender.
func (g *GroundTruth) Publish(ctx context.Context, e cloudevent.Event) error {
	if g.bus == nil {
		b, err := g.Connect()
		if err != nil {
			return err
		}
		g.bus = b
	}
	done := make(chan error, 1)
	g.flying.Go(func() {
		done <- publish(context.WithoutCancel(ctx), g.bus.Publisher(), g.bus.Topics().GroundTruth, e)
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("publishing ground truth of experiment %s: %w", e.Subject, ctx.Err())
	}
}

// Close closes the connection, if there is one. It waits for what is on its
// way, which while Kafka is away takes as long as the producer tries.
func (g *GroundTruth) Close() error {
	if g.bus == nil {
		return nil
	}
	g.flying.Wait()
	return g.bus.Close()
}

// ReadTruth decodes one record of chaos.ground-truth.
func ReadTruth(rec bus.Record) (truth.Fact, error) {
	event, err := cloudevent.FromHeaders(rec.Headers, rec.Value)
	if err != nil {
		return truth.Fact{}, err
	}
	return truthOf(string(rec.Key), event)
}

func truthOf(key string, event cloudevent.Event) (truth.Fact, error) {
	f, err := truth.Decode(event)
	if err == nil && key != f.Experiment() {
		err = fmt.Errorf("reading ground truth of experiment %s: its key is %q; write the experiment id", f.Experiment(), key)
	}
	return f, err
}

func verifyTruth(msg *message.Message) error { return verify(msg, truthOf) }
