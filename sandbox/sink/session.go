package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/defect"
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
	defer func() {
		cl.Close()
		w.shown.settle()
	}()
	known, err := buried(ctx, w.cfg.Kafka, at)
	if err != nil {
		return err
	}
	var none error
	w.damage.begin()
	w.status.Store(nil)
	for none == nil && ctx.Err() == nil {
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
// nobody looks at it again. What was collected when ctx ended is seen through.
func (w *writer) batch(ctx context.Context, cl *kgo.Client, at lake.Watermark, known coordinates) error {
	records, to, err := w.collect(ctx, cl, at)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		if w.shown.behind {
			w.shown.tell(ctx, committing(cl, at))
		}
		return nil
	}
	ctx, done := outlive(ctx, finishWithin)
	defer done()
	rows, buried, err := w.sort(ctx, records, known)
	if err != nil {
		return err
	}
	if err := w.bury(ctx, cl, buried); err != nil {
		return err
	}
	if err := w.append(ctx, rows, at, to); err != nil {
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
	w.shown.tell(ctx, committing(cl, at))
	return nil
}

// finishWithin is what a batch has after the service was asked to end.
const finishWithin = 1500 * time.Millisecond

// outlive gives a context that ends a while after ctx does.
func outlive(ctx context.Context, by time.Duration) (context.Context, func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}

// sort judges records. One that has a letter stays a dead one, whatever is
// found now: what a restart knows of prices is less.
func (w *writer) sort(ctx context.Context, records []*kgo.Record, known coordinates) (rows []trade.V2, buried []dead, err error) {
	for _, r := range records {
		if known[coordinate{r.Partition, r.Offset}] {
			continue
		}
		t, no, err := w.judge.trade(ctx, r)
		switch {
		case err != nil:
			return nil, nil, err
		case no == nil:
			if row, ok := w.damage.row(ctx, r, t); ok {
				rows = append(rows, row)
			}
		case !w.damage.passesOver(ctx, r, no.reason):
			buried = append(buried, dead{r, no})
		}
	}
	if len(buried) > 0 && w.cfg.Defects.Has(defect.DLQWholeBatch) {
		return nil, whole(records, known, buried[0].rejection), nil
	}
	return rows, buried, nil
}

// whole buries a batch for what one of its records is.
func whole(records []*kgo.Record, known coordinates, why *rejection) []dead {
	var out []dead
	for _, r := range records {
		if !known[coordinate{r.Partition, r.Offset}] {
			out = append(out, dead{r, why})
		}
	}
	return out
}

func (w *writer) bury(ctx context.Context, cl *kgo.Client, buried []dead) error {
	if len(buried) == 0 {
		return nil
	}
	if err := produce(ctx, cl, buried, time.Now()); err != nil {
		return fmt.Errorf("producing %d dead letters: %w", len(buried), err)
	}
	for _, d := range buried {
		w.rejected.WithLabelValues(string(d.reason)).Inc()
	}
	w.dead.Add(float64(len(buried)))
	return nil
}

// append commits rows and position in one.
func (w *writer) append(ctx context.Context, rows []trade.V2, at, to lake.Watermark) error {
	write := func(rows []trade.V2, from lake.Watermark) (standing, error) {
		s, err := w.table.Append(ctx, rows, from, to)
		return standing{s.ID, maps.Clone(to)}, err
	}
	rows, from := w.damage.before(ctx, rows, maps.Clone(at))
	now, err := write(rows, from)
	if err != nil {
		return err
	}
	return w.damage.after(ctx, rows, now, func() (standing, error) { return write(rows, to) })
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
			if !errors.Is(e.Err, context.DeadlineExceeded) && !errors.Is(e.Err, context.Canceled) {
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
	return records, to, nil
}
