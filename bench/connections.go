package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

const (
	proxyConnections = 100
	proxyMemoryLimit = 64 << 20
	proxyRecords     = 200 // of 1 KiB, that each client writes and reads
)

// proxyMemory measures what each proxy needs while a hundred connections are
// open that all carried something.
func (b *bench) proxyMemory(ctx context.Context) error {
	if len(b.brokers) == 0 {
		return errors.New("no brokers: run make bench-proxy, or write -brokers")
	}
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	topic := fmt.Sprintf("bench-crowd-%d", time.Now().UnixMilli())
	if err := b.topics(ctx, loadParts, topic); err != nil {
		return err
	}
	var ours int64
	for _, w := range b.ways(ctx) {
		if w.start == nil {
			continue
		}
		now, peak, n, err := w.crowd(ctx, home, topic)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		figure, measured := fmt.Sprintf("memory at %d connections, %s", n, w.name), mib(now)+", "+mib(peak)+" at the peak"
		if w.name == passing {
			ours = now
			b.add(figure, "≤ 64 MiB", measured, now <= proxyMemoryLimit)
			continue
		}
		b.peer(figure, fmt.Sprintf("%s; Faultline needs %.0f %% of it", measured, float64(ours)/float64(now)*100))
	}
	return nil
}

// crowd starts the way's program and gives its resident memory while clients
// have connections through it.
func (w *way) crowd(ctx context.Context, home, topic string) (now, peak, open int64, err error) {
	ctx, stop := context.WithTimeout(ctx, loadWithin)
	defer stop()
	if err := w.begin(ctx, home); err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, w.end()) }()
	var dialled atomic.Int64
	count := kgo.Dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	})
	var clients []*kgo.Client
	defer func() {
		for _, c := range clients {
			c.Close()
		}
	}()
	for dialled.Load() < proxyConnections {
		var some errgroup.Group
		for range 2 { // a few at a time: the brokers are on this machine, too
			c, err := kafka(w.bootstrap, count, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
			if err != nil {
				return 0, 0, 0, err
			}
			clients = append(clients, c)
			some.Go(func() error { return echo(ctx, c, topic) })
		}
		if err := some.Wait(); err != nil {
			return 0, 0, 0, err
		}
	}
	return status(w.program.pid(), "VmRSS:"), status(w.program.pid(), "VmHWM:"), dialled.Load(), nil
}

// echo writes records and reads as many.
func echo(ctx context.Context, c *kgo.Client, topic string) error {
	all := make([]*kgo.Record, proxyRecords)
	for i := range all {
		all[i] = &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: value(1<<10, i)}
	}
	if err := c.ProduceSync(ctx, all...).FirstErr(); err != nil {
		return fmt.Errorf("producing to %s: %w", topic, err)
	}
	for n := 0; n < proxyRecords; {
		some := c.PollFetches(ctx)
		if err := some.Err(); err != nil {
			return fmt.Errorf("reading %s: %w", topic, err)
		}
		n += some.NumRecords()
	}
	return nil
}
