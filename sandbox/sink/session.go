package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// session reads from the table's watermark on until something breaks.
func (w *writer) session(ctx context.Context) error {
	at, err := w.table.Watermark(ctx)
	if err != nil {
		return fmt.Errorf("reading the table's watermark: %w", err)
	}
	if at == nil {
		at = lake.Watermark{}
	}
	cl, err := w.connect(at)
	if err != nil {
		return err
	}
	defer cl.Close()
	known, err := buried(ctx, w.cfg.Kafka, at)
	if err != nil {
		return err
	}
	var none error
	w.status.Store(nil)
	for none == nil {
		none = w.batch(ctx, cl, at, known)
	}
	return none
}

// connect reads all partitions from the watermark. An offset that the broker
// no longer has is an error: to start elsewhere would lose records unseen.
func (w *writer) connect(at lake.Watermark) (*kgo.Client, error) {
	offsets := map[int32]kgo.Offset{}
	for p := range int32(broker.Partitions) {
		offsets[p] = kgo.NewOffset().At(at[lake.Partition{Topic: broker.Topic, Partition: p}])
	}
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(w.cfg.Kafka, ",")...),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{broker.Topic: offsets}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchMaxWait(250*time.Millisecond),
		kgo.UnknownTopicRetries(-1),
		kgo.MetadataMinAge(250*time.Millisecond),
		kgo.DialTimeout(2*time.Second),
		kgo.RetryBackoffFn(func(int) time.Duration { return 250 * time.Millisecond }),
	)
	if err != nil {
		return nil, fmt.Errorf("configuring the consumer: %w", err)
	}
	return cl, nil
}

// batch collects, buries what cannot be stored, appends the rest, and moves
// at on. Dead letters come first: once the watermark has passed a record,
// nobody looks at it again.
func (w *writer) batch(ctx context.Context, cl *kgo.Client, at lake.Watermark, known coordinates) error {
	records, to, err := w.collect(ctx, cl, at)
	if err != nil || len(records) == 0 {
		return err
	}
	var rows []trade.V2
	var letters []*kgo.Record
	for _, r := range records {
		t, cause, err := w.judge.trade(ctx, r.Value)
		switch {
		case err != nil:
			return err
		case cause == nil:
			rows = append(rows, t)
		case !known[coordinate{r.Partition, r.Offset}]:
			letters = append(letters, letter(r, cause, time.Now()))
		}
	}
	if len(letters) > 0 {
		if err := cl.ProduceSync(ctx, letters...).FirstErr(); err != nil {
			return fmt.Errorf("producing %d dead letters: %w", len(letters), err)
		}
		w.dead.Add(float64(len(letters)))
	}
	if _, err := w.table.Append(ctx, rows, maps.Clone(at), to); err != nil {
		return fmt.Errorf("appending %d trades: %w", len(rows), err)
	}
	maps.Copy(at, to)
	for _, r := range records {
		delete(known, coordinate{r.Partition, r.Offset}) // the table has passed it
	}
	w.rows.Add(float64(len(rows)))
	if len(rows) > 0 {
		w.price.Set(meanPrice(rows))
	}
	w.appends.Inc()
	return w.show(ctx, cl, at)
}

// meanPrice is of one trade at least.
func meanPrice(rows []trade.V2) float64 {
	sum := new(big.Rat)
	for _, t := range rows {
		sum.Add(sum, t.Price)
	}
	mean, _ := sum.Quo(sum, new(big.Rat).SetInt64(int64(len(rows)))).Float64()
	return mean
}

// collect gathers one batch: until Rows records, or Every after the first.
func (w *writer) collect(ctx context.Context, cl *kgo.Client, at lake.Watermark) ([]*kgo.Record, lake.Watermark, error) {
	to := maps.Clone(at)
	var records []*kgo.Record
	poll, cancel := context.WithTimeout(ctx, w.cfg.Every)
	defer cancel()
	for len(records) < w.cfg.Rows && poll.Err() == nil {
		fetches := cl.PollRecords(poll, w.cfg.Rows-len(records))
		for _, e := range fetches.Errors() {
			if !errors.Is(e.Err, context.DeadlineExceeded) {
				return nil, nil, fmt.Errorf("fetching partition %d: %w", e.Partition, e.Err)
			}
		}
		for _, r := range fetches.Records() {
			place := lake.Partition{Topic: r.Topic, Partition: r.Partition}
			if r.Offset != to[place] {
				return nil, nil, fmt.Errorf("reading partition %d: offset %d follows %d, records between are missing", r.Partition, r.Offset, to[place]-1)
			}
			to[place] = r.Offset + 1
			records = append(records, r)
		}
	}
	return records, to, ctx.Err()
}

// show commits the watermark to the group, where lag is measured. It is not
// what a restart goes by.
func (w *writer) show(ctx context.Context, cl *kgo.Client, at lake.Watermark) error {
	offsets := kadm.Offsets{}
	for place, next := range at {
		offsets.AddOffset(place.Topic, place.Partition, next, -1)
	}
	if err := kadm.NewClient(cl).CommitAllOffsets(ctx, Group, offsets); err != nil {
		return fmt.Errorf("committing offsets of %s: %w", Group, err)
	}
	return nil
}
