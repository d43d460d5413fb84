// Package defect names the faults that can be built into the sandbox on
// purpose: an experiment is worth something only if a platform with the defect
// that concerns it refutes it. What a defect does stands in the service that
// reads it; this package does nothing.
package defect

import (
	"fmt"
	"slices"

	"github.com/k2-platform/faultline/spec"
)

// Defect is the name of one, in a Set with its rate behind it where it was given
// one: drop-after-ack=1/100.
type Defect string

// The defects. The set is closed.
const (
	BreakerNeverOpens   Defect = "breaker-never-opens"
	FallbackEmpty       Defect = "fallback-empty"
	HealthLies          Defect = "health-lies"
	Status500           Defect = "503-as-500"
	StaleMetadataServed Defect = "stale-metadata-served"
	SlowRecovery        Defect = "slow-recovery"
	ShedEverything      Defect = "shed-everything"
	NoBuffer            Defect = "no-buffer"
	NoDigest            Defect = "no-digest"
	NoValidation        Defect = "no-validation"
	CommitBeforeWrite   Defect = "commit-before-write"
	DLQWholeBatch       Defect = "dlq-whole-batch"
	DropUndecodable     Defect = "drop-undecodable"
	DropAfterAck        Defect = "drop-after-ack"
	SwapPriceQuantity   Defect = "swap-price-quantity"
	TruncateDecimal     Defect = "truncate-decimal"
	ShiftTimestamp      Defect = "shift-timestamp"
	Reorder             Defect = "reorder"
	WriteTwice          Defect = "write-twice"
	CommitThenCrash     Defect = "commit-then-crash"
	LoseDataFile        Defect = "lose-data-file"
	OrphanCommit        Defect = "orphan-commit"
	StaleSnapshot       Defect = "stale-snapshot"
	RegistryAcceptsAll  Defect = "registry-accepts-all"
)

// About says what a defect breaks and which service reads it. It does so to one
// in Every of what it concerns, unless it is given another rate; zero is to all
// of them, and takes no rate.
type About struct {
	Service, Breaks string
	Every           int64
}

// All is every defect there is.
func All() map[Defect]About {
	const someRecords, someBatches = 1_000, 20
	return map[Defect]About{
		BreakerNeverOpens:   {"query", "the circuit breaker stays closed however many reads fail: each call waits for the store", 0},
		FallbackEmpty:       {"query", "an answer from the fallback has its marker and no rows", 0},
		HealthLies:          {"query", "/health and /status say that all is well, whatever is", 0},
		Status500:           {"query", "a storage error is answered 500 with its text, in place of 503 storage_unavailable", 0},
		StaleMetadataServed: {"query", "damaged metadata are not noticed: the last rows go out as if they were fresh", 0},
		SlowRecovery:        {"query", "the circuit breaker tries the store again only after ten minutes, and an overload lasts as long", 0},
		ShedEverything:      {"ingest", "under memory pressure trades of high priority are shed, too", 0},
		NoBuffer:            {"ingest", "ingestion keeps a quarter of a second of trades for a Kafka that does not answer, and drops the rest", 0},
		NoDigest:            {"sink", "the digest in a record's header is not compared with its content", 0},
		NoValidation:        {"sink", "whatever decodes is stored: neither digest nor price band nor tick is checked", 0},
		CommitBeforeWrite:   {"sink", "the position moves on before the rows are in the table: what fails in between is lost", 0},
		DLQWholeBatch:       {"sink", "one bad record sends the whole batch that holds it to the dead letters", 0},
		DropUndecodable:     {"sink", "a record that cannot be decoded is passed over: it gets no dead letter", 0},
		DropAfterAck:        {"sink", "a record that Kafka has acknowledged is neither stored nor a dead letter", 10_000},
		SwapPriceQuantity:   {"sink", "a row has price and quantity in each other's place", someRecords},
		TruncateDecimal:     {"sink", "a row's price has lost what stands behind the point", someRecords},
		ShiftTimestamp:      {"sink", "a row's timestamp is an hour late", someRecords},
		Reorder:             {"sink", "a row is written a batch late, after those that follow it and after the position has passed it", someRecords},
		WriteTwice:          {"sink", "a batch is written twice, in two snapshots", someBatches},
		CommitThenCrash:     {"sink", "the position moves on before a batch is in the table, and the sink kills itself in between", someBatches},
		LoseDataFile:        {"sink", "a data file of the batch that was just written is gone from the store", someBatches},
		OrphanCommit:        {"sink", "a batch goes into a snapshot that the table's history leaves out: it is set back, and the next batch follows on the one before", someBatches},
		StaleSnapshot:       {"sink", "from a batch on the table is set back to that batch's snapshot after each write, and the position is said to have moved on", someBatches},
		RegistryAcceptsAll:  {"registry", "every schema is taken as compatible", 0},
	}
}

// Set is the defects of a sandbox. The zero value has none.
type Set []Defect

// none is no defect, for a command line in which one has to stand.
const none = "none"

// Parse reads names as they stand on a command line, each with =1/N behind it
// where it is to have another rate; none is no defect.
func Parse(names []string) (Set, error) {
	var out Set
	for _, text := range names {
		if text == none {
			continue
		}
		d := Defect(text)
		about, ok := All()[d.name()]
		if !ok {
			return nil, fmt.Errorf("the sandbox has no defect %q: %s", d.name(), spec.DidYouMean(string(d.name()), Names()))
		}
		if err := d.check(about); err != nil {
			return nil, err
		}
		switch {
		case slices.Contains(out, d):
		case out.Has(d.name()):
			return nil, fmt.Errorf("the defect %s is named twice, with two rates: leave one out", d.name())
		default:
			out = append(out, d)
		}
	}
	return out, nil
}

// Names is every defect by its name, in order.
func Names() []string {
	var out []string
	for d := range All() {
		out = append(out, string(d))
	}
	slices.Sort(out)
	return out
}

// Has says whether d is among them.
func (s Set) Has(d Defect) bool { return s.Every(d) > 0 }

// Every says that d concerns one in so many; zero is that d is not among them.
func (s Set) Every(d Defect) int64 {
	for _, have := range s {
		if have.name() == d {
			return have.every()
		}
	}
	return 0
}

// Args says those that a service reads on its command line.
func (s Set) Args(service string) []string {
	var out []string
	for _, d := range s {
		if All()[d.name()].Service == service {
			out = append(out, "--defect", string(d))
		}
	}
	return out
}
