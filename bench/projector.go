package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/lake"
)

// project writes a topic to a table as Faultline's projections do: rows and
// next offsets in one snapshot, the next rows made while it is committed.
func (e errand) project(ctx context.Context) (err error) {
	log, err := bus.Open(bus.Config{Brokers: e.Brokers}, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	l, err := lake.Open(ctx, e.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	table, err := lake.OpenTable(ctx, l, probeTable(benchNamespace, e.Table))
	if err != nil {
		return err
	}
	to, err := log.EndOffsets(ctx, e.Topic)
	if err != nil {
		return err
	}
	p := &projector{table: table, topic: e.Topic, size: e.Batch, next: lake.Watermark{}, full: make(chan projected)}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return p.commit(ctx) })
	work.Go(func() error {
		defer close(p.full)
		read := p.inBulk
		if e.OneByOne {
			read = p.oneByOne
		}
		return read(ctx, log, to)
	})
	return work.Wait()
}

// projected is what one commit holds.
type projected struct {
	rows []probe
	to   lake.Watermark
}

type projector struct {
	table *lake.Table[probe]
	topic string
	size  int
	rows  []probe
	next  lake.Watermark
	full  chan projected
}

// take keeps the row of a record.
func (p *projector) take(ctx context.Context, partition int32, offset int64, value []byte) error {
	if p.rows == nil {
		p.rows = make([]probe, 0, p.size)
	}
	p.rows = append(p.rows, probe{})
	if err := p.rows[len(p.rows)-1].read(value); err != nil {
		return fmt.Errorf("decoding record %d of partition %d: %w", offset, partition, err)
	}
	p.next[lake.Partition{Topic: p.topic, Partition: partition}] = offset + 1
	if len(p.rows) < p.size {
		return nil
	}
	return p.pass(ctx)
}

// pass hands the rows that wait to commit, if there are any.
func (p *projector) pass(ctx context.Context) error {
	if len(p.rows) == 0 {
		return nil
	}
	select {
	case p.full <- projected{p.rows, maps.Clone(p.next)}:
		p.rows = nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commit appends one batch after the other, and says how long each took.
func (p *projector) commit(ctx context.Context) error {
	at, err := p.table.Watermark(ctx)
	if err != nil {
		return err
	}
	for batch := range p.full {
		began := time.Now()
		if _, err := p.table.Append(ctx, batch.rows, at, batch.to); err != nil {
			return err
		}
		at = batch.to
		fmt.Printf("%s%d\n", committed, time.Since(began).Milliseconds())
	}
	return nil
}

func (p *projector) inBulk(ctx context.Context, log *bus.Bus, to map[int32]int64) error {
	err := log.ReadTo(ctx, p.topic, nil, to, func(records []bus.Record) error {
		for _, r := range records {
			if err := p.take(ctx, r.Partition, r.Offset, r.Value); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Join(err, p.pass(ctx))
}

// oneByOne acks a message once its row is kept: the table owns the offsets.
func (p *projector) oneByOne(ctx context.Context, log *bus.Bus, to map[int32]int64) error {
	err := eachMessage(ctx, log, p.topic, to, func(m *message.Message) error {
		o, ok := origin.Of(m)
		if !ok {
			return errors.New("a message does not say where it is from")
		}
		return p.take(ctx, o.Partition, o.Offset, m.Payload)
	})
	return errors.Join(err, p.pass(ctx))
}
