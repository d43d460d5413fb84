package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sr"
	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/registry"
	services "github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
)

const (
	corpusParts = 6
	corpusChunk = 250_000 // rows of a snapshot
	corpusBad   = 5       // of each kind: lost, doubled, altered, never produced
)

// corpus is a topic of trades, in Avro by a registry, and the table that they
// are said to be in. Five are not there, five are there twice, of five the
// quantity is another, and five rows were never produced.
type corpus struct {
	Topic    string
	Table    string
	Registry string // URL
	Records  int64
	Rows     int64
}

// found is what an auditor must say of it.
func (c corpus) found() finding {
	return finding{Records: c.Records, Rows: c.Rows, Lost: corpusBad, Doubled: corpusBad, Altered: corpusBad, Phantom: corpusBad}
}

// place is what becomes of the n-th of all trades.
type place int

const (
	once place = iota
	nowhere
	twice
	changed
	besideAnother // that was never produced
)

func (c corpus) place(n int64) place {
	step := c.Records / corpusBad
	at := n % step
	for i, p := range []place{nowhere, twice, changed, besideAnother} {
		if at == int64(i+1)*step/5 {
			return p
		}
	}
	return once
}

// makeCorpus writes topic and table at once.
func (b *bench) makeCorpus(ctx context.Context, at string, n int64) (c corpus, err error) {
	name := fmt.Sprint("trades_", n)
	c = corpus{Topic: name, Table: name, Registry: "http://" + at, Records: n, Rows: n + corpusBad}
	say(b.progress, fmt.Sprintf("  writing %d trades, and the rows of them", n))
	id, err := register(ctx, c)
	if err != nil {
		return c, err
	}
	rows := make(chan []trade.V2, 1)
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return b.store(ctx, c, rows) })
	work.Go(func() error {
		defer close(rows)
		return b.send(ctx, c, id, rows)
	})
	if err := work.Wait(); err != nil {
		return c, fmt.Errorf("making what is to be audited: %w", err)
	}
	return c, nil
}

func register(ctx context.Context, c corpus) (int, error) {
	cl, err := sr.NewClient(sr.URLs(c.Registry))
	if err != nil {
		return 0, fmt.Errorf("configuring the registry client: %w", err)
	}
	s, err := cl.CreateSchema(ctx, c.Topic+"-value", sr.Schema{Schema: trade.SchemaText(), Type: sr.TypeAvro})
	if err != nil {
		return 0, fmt.Errorf("registering the schema of %s: %w", c.Topic, err)
	}
	return s.ID, nil
}

// store appends rows as they come.
func (b *bench) store(ctx context.Context, c corpus, rows <-chan []trade.V2) (err error) {
	l, err := lake.Open(ctx, b.shelf.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	d := sink.Definition()
	d.Namespace, d.Name = benchNamespace, c.Table
	to, err := lake.OpenTable(ctx, l, d)
	if err != nil {
		return err
	}
	at := lake.Watermark{}
	for some := range rows {
		next := lake.Watermark{{Topic: c.Topic}: at[lake.Partition{Topic: c.Topic}] + int64(len(some))}
		if _, err := to.Append(ctx, some, at, next); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// send produces the trades and hands on what is to be stored of them.
func (b *bench) send(ctx context.Context, c corpus, id int, rows chan<- []trade.V2) error {
	client, err := kafka(b.brokers, kgo.DefaultProduceTopic(c.Topic), kgo.ProducerLinger(20*time.Millisecond), kgo.ProducerBatchMaxBytes(900_000))
	if err != nil {
		return err
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreateTopic(ctx, corpusParts, 1, nil, c.Topic); err != nil {
		return fmt.Errorf("making topic %s: %w", c.Topic, err)
	}
	codec, err := trade.NewCodec()
	if err != nil {
		return err
	}
	var lost atomic.Pointer[error]
	var chunk []trade.V2
	for n := range c.Records {
		t := tradeOf(n)
		value, err := codec.Encode(id, t)
		if err != nil {
			return err
		}
		client.Produce(ctx, &kgo.Record{Key: []byte(t.TradeID), Value: value}, func(_ *kgo.Record, err error) {
			if err != nil {
				lost.Store(&err)
			}
		})
		chunk = c.rows(chunk, n, t)
		if len(chunk) < corpusChunk && n+1 < c.Records {
			continue
		}
		select {
		case rows <- chunk:
			chunk = nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := client.Flush(ctx); err != nil {
		return fmt.Errorf("writing %s: %w", c.Topic, err)
	}
	if err := lost.Load(); err != nil {
		return fmt.Errorf("writing %s: %w", c.Topic, *err)
	}
	return nil
}

// rows adds what the table has of the n-th trade.
func (c corpus) rows(to []trade.V2, n int64, t trade.V2) []trade.V2 {
	switch c.place(n) {
	case once:
	case nowhere:
		return to
	case twice:
		to = append(to, t)
	case changed:
		t.Quantity = trade.Decimal(trade.Unscaled(t.Quantity).Int64() + 1)
	case besideAnother:
		other := t
		other.TradeID = "P" + t.TradeID
		to = append(to, other)
	}
	return append(to, t)
}

func tradeOf(n int64) trade.V2 {
	symbols := []string{"BHP", "RIO", "DVN", "MWR"}
	at := time.Date(2014, 3, 10, 10, 0, 0, 0, time.UTC).Add(time.Duration(n) * 10 * time.Millisecond)
	return trade.V2{
		MessageID: uuid.NewString(), TradeID: fmt.Sprint("ASX-", symbols[n%4], "-", n), Symbol: symbols[n%4], Exchange: "ASX", AssetClass: "equities",
		Timestamp: at, Price: trade.Decimal(3_600_000_000 + n%997*500_000), Quantity: trade.Decimal((1 + n%89) * 100_000_000),
		Currency: "AUD", Side: "UNKNOWN", TradeConditions: []string{}, SourceSequence: &n, IngestionTimestamp: at, PlatformSequence: &n,
	}
}

// startRegistry starts the sandbox's, and says where it is.
func startRegistry(ctx context.Context, bin, home string) (*child, string, error) {
	c, err := launch("the registry", filepath.Join(home, "registry.log"), filepath.Join(bin, "faultlined"), "sandbox", "--home", home, registry.Name)
	if err != nil {
		return nil, "", err
	}
	var at string
	return c, at, c.await(ctx, upWithin, func() bool {
		record, err := process.Read(services.RecordPath(home, registry.Name))
		if err != nil {
			slog.Debug("the registry is not there yet", "error", err)
		}
		at = record.Addr
		return at != ""
	})
}
