package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	trafficRounds = 5
	addedP50      = 150 * time.Microsecond
)

// figure is one thing that is measured of each way, in each round: how much
// passes, or else how long single records take.
type figure struct {
	name   string
	flow   func(ctx context.Context, w *way, round int) (flow, error)
	single func(context.Context, *way, string) (single, error)
}

// taken is what one way showed of one figure, by round.
type taken struct {
	flows     []flow
	latencies []spread
}

// traffic measures each figure of each way in turn, round by round, so that
// what else the machine does falls on all of them.
func (b *bench) traffic(ctx context.Context) (err error) {
	if len(b.brokers) == 0 {
		return errors.New("no brokers: run make bench-proxy, or write -brokers")
	}
	home, drop, err := b.home()
	if err != nil {
		return err
	}
	defer drop()
	ways := b.ways(ctx)
	for _, w := range ways {
		if err := w.begin(ctx, home); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.end()) }()
	}
	figures, err := b.figures(ctx, len(ways))
	if err != nil {
		return err
	}
	all := make([][]taken, len(figures)) // by figure and way
	for round := range trafficRounds {
		for i, f := range figures {
			if all[i] == nil {
				all[i] = make([]taken, len(ways))
			}
			if err := f.measure(ctx, ways, round, all[i]); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
		say(b.progress, fmt.Sprintf("  round %d of %d", round+1, trafficRounds))
	}
	for i, f := range figures {
		b.compare(f, ways, all[i])
	}
	if !slices.ContainsFunc(ways, func(w *way) bool { return w.name == decoding }) {
		b.peer(decoding, "not in this build")
	}
	return nil
}

// measure is one round of all ways. Another one begins each time.
func (f figure) measure(ctx context.Context, ways []*way, round int, to []taken) error {
	if f.single != nil {
		some, err := oneByOneOf(ctx, ways, f.single)
		for i, l := range some {
			to[i].latencies = append(to[i].latencies, l)
		}
		return err
	}
	for turn := range ways {
		i := (round + turn) % len(ways)
		some, err := f.flow(ctx, ways[i], round)
		if err != nil {
			return fmt.Errorf("%s: %w", ways[i].name, err)
		}
		to[i].flows = append(to[i].flows, some)
	}
	return nil
}

// figures are what is measured, with the topics that they need.
func (b *bench) figures(ctx context.Context, ways int) (out []figure, err error) {
	singles := make([]string, ways)
	for i := range singles {
		singles[i] = twin(i)
	}
	if err := b.twins(ctx, singles); err != nil {
		return nil, err
	}
	for _, size := range []struct {
		name   string
		bytes  int
		toRead int64
	}{{"100 B", 100, 400_000}, {"1 KiB", 1 << 10, 80_000}} {
		full := fmt.Sprint("bench-full-", size.bytes)
		if err := b.topics(ctx, loadParts, full); err != nil {
			return nil, err
		}
		for have := int64(0); have < size.toRead; {
			some, err := produce(ctx, b.brokers, full, size.bytes, size.toRead-have)
			if err != nil {
				return nil, err
			}
			have += some.records
		}
		out = append(out, figure{name: "produce, " + size.name, flow: func(ctx context.Context, w *way, round int) (_ flow, err error) {
			topic := fmt.Sprintf("bench-%d-%d-%d", size.bytes, round, time.Now().UnixMilli())
			if err := b.topics(ctx, loadParts, topic); err != nil {
				return flow{}, err
			}
			defer func() { err = errors.Join(err, b.forget(ctx, topic)) }()
			return produce(ctx, w.bootstrap, topic, size.bytes, 0)
		}}, figure{name: "fetch, " + size.name, flow: func(ctx context.Context, w *way, _ int) (flow, error) {
			return fetch(ctx, w.bootstrap, full, size.bytes, size.toRead)
		}})
	}
	return append(out,
		figure{name: "one record, acks=1", single: acknowledged(kgo.LeaderAck())},
		figure{name: "one record, acks=all", single: acknowledged(kgo.AllISRAcks())},
		figure{name: "one new record read, written directly", single: b.arriving},
	), nil
}
