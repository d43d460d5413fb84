// Package verifier_test verifies the verifier: on the sandbox's real way from
// ingestion to the table, at full speed, each defect that can be planted has to
// be found and put in the right class, to the record, and what is well has to
// be found well. It needs Go only.
package verifier_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/sandbox/sink"
)

// Environment.
const (
	// asSink has the configuration of a sink that this binary is to be.
	asSink = "VERIFIER_SINK"
	// longRuns says that the defects have their usual rates, and that there are as
	// many trades as it takes.
	longRuns = "VERIFIER_LONG"
	// cleanRuns is how many runs without a defect there are to be.
	cleanRuns = "VERIFIER_CLEAN"
	// cleanSeed is the seed of the first of them, to have one again.
	cleanSeed = "VERIFIER_SEED"
)

var update = flag.Bool("update", false, "write docs/VERIFIER.md, and the table of docs/TRACK_RECORD.md, anew") //nolint:gochecknoglobals // a flag of go test

// TestMain is also the binary of the sinks: defects kill their own process.
func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(asSink); ok {
		if err := runSink(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	slog.SetDefault(slog.New(slog.DiscardHandler))
	// sarama, below the bus, keeps a goroutine for its metrics for ever.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

// runSink runs until it is asked to end. Its log is for the test to read.
func runSink(config string) error {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	var c sink.Config
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return fmt.Errorf("reading the sink's configuration: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	return sink.Run(ctx, c)
}

// number is one of the environment, or what it is by default.
func number(t *testing.T, variable string, usual int64) int64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: write a number", variable, text)
	}
	return n
}

func long() bool { return os.Getenv(longRuns) != "" }
