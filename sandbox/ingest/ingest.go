// Package ingest is the platform's producer: it plays a feed into Kafka at a
// steady rate and keeps a receipt per trade. It never waits for Kafka: what
// does not fit its buffer is dropped, and counted.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
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
	Addr     string // host:port to listen at; "" = that of the last start, or a free loopback port
	Kafka    string // host:port, several with commas
	Registry string // URL, or host:port
	Trades   string // folder of recorded trades; "" = generated
	Seed     uint64 // of the generator
	Rate     int    // trades a second; 0 = 200
	Buffer   int    // records that wait for Kafka; 0 = 20,000
	Limit    int64  // trades to take in all; 0 = no end
	Group    string // folder of the control group to run in; "" = the one it is started in
	// High are the symbols whose trades are never shed; nil = BHP.
	High    []string
	Defects defect.Set
	// Memory is what is used of which limit, both in bytes, 0 where there is
	// none; nil = that of the process's control group.
	Memory func() (used, limit int64, err error)
}

func (c *Config) complete() error {
	if c.Rate == 0 {
		c.Rate = 200
	}
	if c.Buffer == 0 {
		c.Buffer = 20_000
	}
	if c.Defects.Has(defect.NoBuffer) {
		c.Buffer = max(1, c.Rate/4)
	}
	if c.High == nil {
		c.High = highSymbols()
	}
	if c.Memory == nil {
		c.Memory = ownMemory
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
	receipts *book
	feed     feed.Feed
	registry *sr.Client
	schema   atomic.Int64          // id of TradeV2; 0 until it is registered
	broken   atomic.Pointer[error] // receipts that could not be written
	quiet    silence
	pressure pressure

	offered, acked, dropped, failed    prometheus.Counter
	highOffered, highAcked, highMissed prometheus.Counter
	shed, refused                      *prometheus.CounterVec // by priority; by reason
}

// Run plays until ctx ends. Records in flight then get 1.5 s to be answered.
func Run(ctx context.Context, c Config) (err error) {
	if err := c.complete(); err != nil {
		return fmt.Errorf("configuring ingest: %w", err)
	}
	if err := service.Join(c.Group); err != nil {
		return err
	}
	s, err := service.Open(ctx, service.Config{Home: c.Home, Name: Name, Addr: c.Addr})
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
	s.Mux.HandleFunc("GET /receipts", p.receipts.ServeReceipts)
	s.Mux.HandleFunc("POST /v1/trades", p.servePost)
	return s.Serve(ctx, func(ctx context.Context) error {
		var watching sync.WaitGroup
		defer watching.Wait()
		ctx, done := context.WithCancel(ctx)
		defer done()
		watching.Go(func() { p.pressure.watch(ctx, c.Memory) })
		if err := p.register(ctx); err != nil {
			return unlessEnded(ctx, err)
		}
		s.SetHealth(p.healthy)
		return p.play(ctx)
	})
}

// askRegistry is how long one question to the registry may take.
const askRegistry = 3 * time.Second

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
	if p.receipts, err = openBook(c.Home); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.receipts.Close())
		}
	}()
	if p.feed, err = feed.Open(feed.Config{Dir: c.Trades, Seed: c.Seed}); err != nil {
		return nil, err
	}
	if p.registry, err = sr.NewClient(sr.URLs(service.URL(c.Registry)), sr.HTTPClient(&http.Client{Timeout: askRegistry})); err != nil {
		return nil, errors.Join(fmt.Errorf("configuring the registry client: %w", err), p.feed.Close())
	}
	// The n-th receipt that was not posted is the n-th trade of the feed, before
	// and after a restart.
	at := p.receipts.now()
	if err = feed.Skip(p.feed, at.Taken-at.Posted); err != nil {
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

// offer takes one trade of the feed.
func (p *player) offer() error {
	t, err := p.feed.Next()
	if err != nil {
		return fmt.Errorf("taking a trade: %w", err)
	}
	taken := Receipt{TradeID: t.ID, Symbol: t.Symbol, Price: Amount(t.Price), Quantity: Amount(t.Volume)}
	return p.take(taken, p.cfg.priority(t.Symbol), func(seq int64) ([]byte, error) {
		return p.codec.Encode(int(p.schema.Load()), record(t, seq, uuid.NewString()))
	}, nil)
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
	return errors.Join(p.feed.Close(), p.receipts.Close())
}
