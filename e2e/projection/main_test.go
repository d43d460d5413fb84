// Package projection_test kills processes that write the tables of the chaos
// log, and counts the rows.
package projection_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/projections"
)

// What a started process is told by its environment.
const (
	roleVar  = "PROJECTION_TEST_ROLE" // projector or keeper
	dirVar   = "PROJECTION_TEST_DIR"
	kafkaVar = "PROJECTION_TEST_KAFKA"
)

// How quickly the projectors under test write and take over.
const (
	every    = 200 * time.Millisecond
	patience = 1500 * time.Millisecond
)

// TestMain is also the program of the processes that are killed.
func TestMain(m *testing.M) {
	roles := map[string]func(context.Context) error{"projector": project, "keeper": keep}
	if role, ok := roles[os.Getenv(roleVar)]; ok {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		err := role(ctx)
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// sarama's metrics keep one ticker for the whole process, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func lakeIn(dir string) lake.Config {
	return lake.Config{Kind: "sql", URI: filepath.Join(dir, "lake", "catalog.db"), Warehouse: filepath.Join(dir, "lake", "warehouse")}
}

// project writes the tables until ctx ends, and says on standard output
// whether it stands by, when that changes.
func project(ctx context.Context) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	b, err := bus.Open(bus.Config{Brokers: []string{os.Getenv(kafkaVar)}}, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	l, err := lake.Open(ctx, lakeIn(os.Getenv(dirVar)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	topics := b.Topics()
	set, err := projections.Open(ctx, l, projections.Topics{Events: topics.Events, Readings: topics.Readings, GroundTruth: topics.GroundTruth, RecordLedger: topics.RecordLedger})
	if err != nil {
		return err
	}
	f := projections.NewFollower(b, set, projections.Options{Every: every, Patience: patience, Log: log})
	fmt.Println(writes)
	go func() {
		last := false
		for pause.For(ctx, every/10) {
			if now := set.StandsBy(); now != last {
				last = now
				fmt.Println(map[bool]string{true: standsBy, false: writes}[now])
			}
		}
	}()
	return f.Run(ctx)
}

// keep maintains the tables over and over until ctx ends.
func keep(ctx context.Context) (err error) {
	l, err := lake.Open(ctx, lakeIn(os.Getenv(dirVar)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	fmt.Println("keeps")
	for pause.For(ctx, every) {
		// Files of the projectors beside it are younger than a minute.
		_, err := projections.Maintain(ctx, l, nil, lake.Upkeep{KeepSnapshots: 20, SnapshotAge: time.Second, OrphanAge: time.Minute})
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}
