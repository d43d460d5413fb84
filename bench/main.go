// Command bench measures how quick and how small Faultline is, on the built
// programs as real processes, and prints a table. It asserts nothing: a target
// that is missed is a line that says so.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// bench is one run.
type bench struct {
	report
	bin     string   // folder of the programs
	chaos   string   // program of the peer for check; empty: no peer
	brokers []string // a real Kafka for the latency; empty: only the embedded one
	events  int      // in the long log
	crowd   int      // experiments at once
	temp    string
}

// part is a set of figures that are measured together.
type part struct {
	name string
	run  func(context.Context) error
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	b := &bench{report: report{progress: os.Stderr}}
	flag.StringVar(&b.bin, "bin", "bin", "folder of faultline and faultlined")
	flag.StringVar(&b.chaos, "chaos", os.Getenv("BENCH_CHAOS"), "Chaos Toolkit's program, a peer for check; default $BENCH_CHAOS, else no peer")
	flag.IntVar(&b.events, "events", 1_000_000, "events in the long log")
	flag.IntVar(&b.crowd, "crowd", 1000, "experiments at once")
	only := flag.String("only", "", "parts to measure, such as ready,check; default all")
	brokers := flag.String("brokers", "", "brokers of a real Kafka, to measure the latency on it too")
	flag.Parse()
	if *brokers != "" {
		b.brokers = strings.Split(*brokers, ",")
	}
	if err := b.prepare(); err != nil {
		return err
	}
	defer os.RemoveAll(b.temp) //nolint:errcheck // the system removes it in the end
	defer b.print(os.Stdout)
	return b.measure(ctx, *only)
}

func (b *bench) prepare() (err error) {
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return fmt.Errorf("finding the programs: %w", err)
	}
	if _, err := os.Stat(filepath.Join(b.bin, "faultlined")); err != nil {
		return fmt.Errorf("finding the programs: %w; run make build", err)
	}
	if b.temp, err = os.MkdirTemp("", "faultline-bench-"); err != nil {
		return fmt.Errorf("making a folder for state: %w", err)
	}
	return nil
}

func (b *bench) measure(ctx context.Context, only string) error {
	wanted := strings.FieldsFunc(only, func(c rune) bool { return c == ',' })
	parts := []part{
		{"ready", b.ready},
		{"check", b.check},
		{"latency", b.latency},
		{"crowd", b.atOnce},
		{"history", b.history},
		{"reading", b.reading},
	}
	for _, name := range wanted {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("there is no part %q; write ready, check, latency, crowd, history or reading", name)
		}
	}
	for _, p := range parts {
		if len(wanted) > 0 && !slices.Contains(wanted, p.name) {
			continue
		}
		if err := p.run(ctx); err != nil {
			return fmt.Errorf("measuring %s: %w", p.name, err)
		}
	}
	return nil
}

// home makes an empty state folder; drop removes it.
func (b *bench) home() (dir string, drop func(), err error) {
	if dir, err = os.MkdirTemp(b.temp, "home-"); err != nil {
		return "", nil, fmt.Errorf("making a state folder: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // the whole goes at the end
}
