// Package ingest is the platform's producer: it plays a feed into Kafka at a
// steady rate and keeps a receipt per trade. It never waits for Kafka: what
// does not fit its buffer is dropped, and counted.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/feed"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// Name is the service's name in records and reports.
const Name = "ingest"

// Config says what is played where. Home, Kafka and Registry are needed.
type Config struct {
	Home     string
	Kafka    string // host:port, several with commas
	Registry string // URL, or host:port
	Trades   string // folder of recorded trades; "" = generated
	Seed     uint64 // of the generator
	Rate     int    // trades a second; 0 = 200
	Buffer   int    // records that wait for Kafka; 0 = 20,000
	Limit    int64  // trades to take in all; 0 = no end
	Defects  defect.Set
}

func (c *Config) complete() error {
	if c.Rate == 0 {
		c.Rate = 200
	}
	if c.Buffer == 0 {
		c.Buffer = 20_000
	}
	var problems []error
	if c.Home == "" || c.Kafka == "" || c.Registry == "" {
		problems = append(problems, errors.New("home, kafka and registry must be set"))
	}
	if c.Rate < 0 || c.Buffer < 0 || c.Limit < 0 {
		problems = append(problems, errors.New("rate, buffer and limit must not be negative"))
	}
	return errors.Join(problems...)
}

// player is one run of the service.
type player struct {
	cfg      Config
	client   *kgo.Client
	codec    *trade.Codec
	receipts *receipts
	feed     feed.Feed
	schema   int
	broken   atomic.Pointer[error] // receipts that could not be written
	quiet    silence

	offered, acked, dropped, failed prometheus.Counter
}

// Run plays until ctx ends. Records in flight then get 1.5 s to be answered.
func Run(ctx context.Context, c Config) (err error) {
	if err := c.complete(); err != nil {
		return fmt.Errorf("configuring ingest: %w", err)
	}
	s, err := service.Open(ctx, service.Config{Home: c.Home, Name: Name})
	if err != nil {
		return err
	}
	p, err := open(c)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer func() { err = errors.Join(err, p.close()) }()
	p.measure(s.Metrics)
	s.Mux.HandleFunc("GET /position", p.servePosition)
	s.Mux.HandleFunc("GET /receipts", p.serveReceipts)
	return s.Serve(ctx, func(ctx context.Context) error {
		if err := p.register(ctx); err != nil {
			return unlessEnded(ctx, err)
		}
		s.SetHealth(p.healthy)
		return p.play(ctx)
	})
}

// unlessEnded drops an error that came of being asked to end.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

func open(c Config) (_ *player, err error) {
	p := &player{cfg: c}
	if p.codec, err = trade.NewCodec(); err != nil {
		return nil, err
	}
	if p.receipts, err = openReceipts(filepath.Join(service.Dir(c.Home), "receipts.jsonl")); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.receipts.close())
		}
	}()
	if p.feed, err = feed.Open(feed.Config{Dir: c.Trades, Seed: c.Seed}); err != nil {
		return nil, err
	}
	// The n-th receipt is the n-th trade, before and after a restart.
	if err = feed.Skip(p.feed, p.receipts.now().Taken); err != nil {
		return nil, errors.Join(err, p.feed.Close())
	}
	p.client, err = kgo.NewClient(
		kgo.SeedBrokers(strings.Split(c.Kafka, ",")...),
		kgo.DefaultProduceTopic(broker.Topic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.MaxBufferedRecords(c.Buffer),
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.UnknownTopicRetries(-1), // a broker that starts may not know its topics yet
		kgo.MetadataMinAge(250*time.Millisecond),
		kgo.DialTimeout(2*time.Second),
		kgo.RetryBackoffFn(func(int) time.Duration { return 250 * time.Millisecond }),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("configuring the producer: %w", err), p.feed.Close())
	}
	return p, nil
}

// register asks until the registry answers, unless it refuses the schema.
func (p *player) register(ctx context.Context) error {
	cl, err := sr.NewClient(sr.URLs(service.URL(p.cfg.Registry)))
	if err != nil {
		return fmt.Errorf("configuring the registry client: %w", err)
	}
	for {
		s, err := cl.CreateSchema(ctx, broker.Topic+"-value", sr.Schema{Schema: trade.SchemaText(), Type: sr.TypeAvro})
		if err == nil {
			p.schema = s.ID
			return nil
		}
		var no *sr.ResponseError
		if errors.As(err, &no) && no.StatusCode < 500 {
			return fmt.Errorf("registering TradeV2: %w", err)
		}
		slog.WarnContext(ctx, "registry does not answer, asking again", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// play takes trades at the rate, in small steps, and never waits for Kafka.
// Time lost, by a pause of this process for instance, is not made up for.
func (p *player) play(ctx context.Context) error {
	const step = 10 * time.Millisecond
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	last, due := time.Now(), 0.0
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			due += min(now.Sub(last), time.Second).Seconds() * float64(p.cfg.Rate)
			last = now
		}
		for ; due >= 1; due-- {
			if p.cfg.Limit > 0 && p.receipts.now().Taken >= p.cfg.Limit {
				due = 0
				break
			}
			if err := p.offer(); err != nil {
				return err
			}
		}
	}
}

// offer takes one trade and hands it to the producer.
func (p *player) offer() error {
	t, err := p.feed.Next()
	if err != nil {
		return fmt.Errorf("taking a trade: %w", err)
	}
	rec, err := p.receipts.take(t.ID, t.Symbol)
	if err != nil {
		return err
	}
	p.offered.Inc()
	p.quiet.begin(time.Now())
	value, err := p.codec.Encode(p.schema, record(t, rec.Seq, uuid.NewString()))
	if err != nil {
		rec.State = Failed
		p.failed.Inc()
		return p.receipts.settle(rec)
	}
	// Kept apart from ctx: a record that was taken is answered for even while
	// the service stops.
	p.client.TryProduce(context.Background(), &kgo.Record{Key: []byte(t.Symbol), Value: value}, func(r *kgo.Record, err error) {
		p.settle(rec, r, err)
	})
	return nil
}

func (p *player) settle(rec Receipt, r *kgo.Record, err error) {
	switch {
	case err == nil:
		rec.State, rec.Partition, rec.Offset = Acked, r.Partition, r.Offset
		p.acked.Inc()
		p.quiet.acked(time.Now())
	case errors.Is(err, kgo.ErrMaxBuffered):
		rec.State = Dropped
		p.dropped.Inc()
	case errors.Is(err, kgo.ErrClientClosed), errors.Is(err, context.Canceled):
		rec.State = Unknown // it may have been written
	default:
		rec.State = Failed
		p.failed.Inc()
		slog.Error("record refused by Kafka", "trade", rec.TradeID, "error", err)
	}
	if err := p.receipts.settle(rec); err != nil {
		p.broken.Store(&err)
		slog.Error("receipt not written", "seq", rec.Seq, "error", err)
	}
}

func (p *player) healthy(context.Context) error {
	if err := p.broken.Load(); err != nil {
		return *err
	}
	return nil
}

func (p *player) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 1500*time.Millisecond)
	defer cancel()
	if err := p.client.Flush(ctx); err != nil {
		slog.Warn("stopping with records unanswered", "records", p.client.BufferedProduceRecords())
	}
	p.client.Close()
	return errors.Join(p.feed.Close(), p.receipts.close())
}
