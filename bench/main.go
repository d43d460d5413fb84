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

	via, behind []string // where brokers say they are to whom comes to behind; for toxiproxy
	toxiproxy   string   // program of the peer for the proxy; empty: no peer

	shelf      shelf  // of the tables
	peers      string // folder with the jars of the peers for projector and audit; empty: no peers
	python     string // that has the packages of the others
	rows       int64  // of the projector
	tasks      int    // of Kafka Connect
	audits     string // sizes of what is audited
	recordSize int
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
	flag.StringVar(&b.chaos, "chaos", os.Getenv("BENCH_CHAOS"), "Chaos Toolkit's program, a peer; default $BENCH_CHAOS, else no peer")
	flag.IntVar(&b.events, "events", 1_000_000, "events in the long log")
	flag.IntVar(&b.crowd, "crowd", 1000, "experiments at once")
	only := flag.String("only", "", "parts to measure, such as ready,check; default all")
	halts := flag.Bool("halt", false, "measure how quickly faults go, instead of how quick and small the pipeline is")
	proxies := flag.Bool("proxy", false, "measure what the Kafka proxy costs, on the brokers of -brokers, instead")
	via := flag.String("via", "", "where the brokers say they are to whom comes to -behind: there the peer of the Kafka proxy stands")
	behind := flag.String("behind", "", "listeners of the brokers behind that peer")
	flag.StringVar(&b.toxiproxy, "toxiproxy", os.Getenv("BENCH_TOXIPROXY"), "Toxiproxy's server, a peer of the Kafka proxy; default $BENCH_TOXIPROXY, else no peer")
	integrity := flag.Bool("integrity", false, "measure projector and audit, on the brokers of -brokers and the catalog at $E2E_CATALOG, instead")
	flag.StringVar(&b.peers, "peers", os.Getenv("BENCH_PEERS"), "folder with the jars of Kafka Connect and Spark, peers of projector and audit; default $BENCH_PEERS, else no peers")
	flag.StringVar(&b.python, "python", os.Getenv("BENCH_PYTHON"), "python that has the packages of those peers; default $BENCH_PYTHON")
	flag.Int64Var(&b.rows, "rows", 5_000_000, "records for the projector")
	flag.StringVar(&b.audits, "audits", "1000000,10000000", "records for the audit, in turn")
	flag.IntVar(&b.tasks, "tasks", 1, "tasks of Kafka Connect")
	errand := flag.String("errand", "", "what a child of the bench is to do")
	brokers := flag.String("brokers", "", "brokers of a real Kafka, to measure the latency on it too")
	flag.Parse()
	if *errand != "" {
		return runErrand(ctx, *errand)
	}
	b.shelf = shelfOf()
	b.brokers, b.via, b.behind = list(*brokers), list(*via), list(*behind)
	if err := b.prepare(); err != nil {
		return err
	}
	defer os.RemoveAll(b.temp) //nolint:errcheck // the system removes it in the end
	defer b.print(os.Stdout)
	parts := b.parts()
	if *halts {
		parts = b.ends()
	}
	if *proxies {
		parts = b.costs()
	}
	if *integrity {
		parts = b.proofs()
	}
	return measure(ctx, parts, *only)
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

// parts are those of make bench.
func (b *bench) parts() []part {
	return []part{
		{"ready", b.ready},
		{"check", b.check},
		{"latency", b.latency},
		{"crowd", b.atOnce},
		{"history", b.history},
		{"reading", b.reading},
	}
}

// ends are the parts of make bench-halt.
func (b *bench) ends() []part {
	return []part{
		{"trigger", b.trigger},
		{"toolkit", b.toolkit},
		{"halt", b.halting},
		{"agent", b.agentDeath},
		{"controller", b.controllerDeath},
		{"rest", b.resting},
	}
}

// costs are the parts of make bench-proxy.
func (b *bench) costs() []part {
	return []part{
		{"traffic", b.traffic},
		{"memory", b.proxyMemory},
	}
}

// proofs are the parts of make bench-integrity.
func (b *bench) proofs() []part {
	return []part{
		{"projector", b.projecting},
		{"audit", b.auditing},
	}
}

// list cuts a flag at its commas.
func list(flag string) []string {
	return strings.FieldsFunc(flag, func(c rune) bool { return c == ',' })
}

func measure(ctx context.Context, parts []part, only string) error {
	wanted := list(only)
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.name
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no part %q; write some of %s", name, strings.Join(names, ", "))
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
