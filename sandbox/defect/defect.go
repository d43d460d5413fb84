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

// Defect is the name of one.
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
	RegistryAcceptsAll  Defect = "registry-accepts-all"
)

// About says what a defect breaks and which service reads it.
type About struct{ Service, Breaks string }

// All is every defect there is.
func All() map[Defect]About {
	return map[Defect]About{
		BreakerNeverOpens:   {"query", "the circuit breaker stays closed however many reads fail: each call waits for the store"},
		FallbackEmpty:       {"query", "an answer from the fallback has its marker and no rows"},
		HealthLies:          {"query", "/health and /status say that all is well, whatever is"},
		Status500:           {"query", "a storage error is answered 500 with its text, in place of 503 storage_unavailable"},
		StaleMetadataServed: {"query", "damaged metadata are not noticed: the last rows go out as if they were fresh"},
		SlowRecovery:        {"query", "the circuit breaker tries the store again only after ten minutes, and an overload lasts as long"},
		ShedEverything:      {"ingest", "under memory pressure trades of high priority are shed, too"},
		NoBuffer:            {"ingest", "ingestion keeps a quarter of a second of trades for a Kafka that does not answer, and drops the rest"},
		NoDigest:            {"sink", "the digest in a record's header is not compared with its content"},
		NoValidation:        {"sink", "whatever decodes is stored: neither digest nor price band nor tick is checked"},
		CommitBeforeWrite:   {"sink", "the position moves on before the rows are in the table: what fails in between is lost"},
		DLQWholeBatch:       {"sink", "one bad record sends the whole batch that holds it to the dead letters"},
		RegistryAcceptsAll:  {"registry", "every schema is taken as compatible"},
	}
}

// Set is the defects of a sandbox. The zero value has none.
type Set []Defect

// none is no defect, for a command line in which one has to stand.
const none = "none"

// Parse reads names as they stand on a command line; none is no defect.
func Parse(names []string) (Set, error) {
	var out Set
	for _, name := range names {
		if name == none {
			continue
		}
		if _, ok := All()[Defect(name)]; !ok {
			return nil, fmt.Errorf("the sandbox has no defect %q: %s", name, spec.DidYouMean(name, Names()))
		}
		if d := Defect(name); !out.Has(d) {
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
func (s Set) Has(d Defect) bool { return slices.Contains(s, d) }

// Args says those that a service reads on its command line.
func (s Set) Args(service string) []string {
	var out []string
	for _, d := range s {
		if All()[d].Service == service {
			out = append(out, "--defect", string(d))
		}
	}
	return out
}
