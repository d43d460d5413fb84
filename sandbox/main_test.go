package sandbox_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/store"
)

// TestMain is also the binary whose processes the supervisor's test starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "sandbox" {
		if err := runService(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func runService(name string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	home := flags.String("home", "", "")
	kafka := flags.String("kafka", "", "")
	reg := flags.String("registry", "", "")
	seed := flags.Uint64("seed", 0, "")
	rate := flags.Int("rate", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l := lakeOf(*home)
	switch name {
	case broker.Name:
		return broker.Run(ctx, broker.Config{Home: *home})
	case registry.Name:
		return registry.Run(ctx, registry.Config{Home: *home})
	case store.Name:
		return store.Run(ctx, store.Config{Home: *home})
	case sink.Name:
		return sink.Run(ctx, sink.Config{Home: *home, Kafka: *kafka, Registry: *reg, Lake: l})
	case query.Name:
		return query.Run(ctx, query.Config{Home: *home, Lake: l})
	case ingest.Name:
		return ingest.Run(ctx, ingest.Config{Home: *home, Kafka: *kafka, Registry: *reg, Seed: *seed, Rate: *rate})
	}
	return fmt.Errorf("no service %s", name)
}

func lakeOf(home string) lake.Config {
	return lake.Config{Kind: "sql", URI: filepath.Join(home, "lake", "catalog.db"), Warehouse: filepath.Join(home, "lake", "warehouse")}
}
