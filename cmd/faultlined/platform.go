package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/spec"
)

// readPlatform reads the description afresh each time: the sandbox's changes
// with its ports.
func readPlatform(file string) (spec.Platform, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return spec.Platform{}, fmt.Errorf("reading the platform: %w; start the sandbox, or name a description with --platform", err)
	}
	p, problems := spec.ParsePlatform(text)
	if err := problems.In(file).Err(); err != nil {
		return spec.Platform{}, fmt.Errorf("reading the platform: %w", err)
	}
	return p, nil
}

// deny says why a document may not run on a platform.
func deny(d spec.Document, p spec.Platform) []string {
	var why []string
	for _, problem := range rules.Check(spec.Parsed{Document: d}, p, drivers.Breaks()) {
		if problem.Severity == spec.Refusal {
			why = append(why, problem.Error())
		}
	}
	return why
}

// heldIn says whether a live receipt names a service of the sandbox.
func heldIn(home, platformFile string) func(service string) bool {
	return func(service string) bool {
		receipts, err := ledger.Open(ledgerDir(home))
		if err != nil {
			return true // who cannot look leaves alone what may be under a fault
		}
		p, err := readPlatform(platformFile)
		if err != nil {
			return false // no platform yet, so nothing could be broken
		}
		for name, t := range p.Targets {
			if t.Process != nil && filepath.Base(t.Process.Record) == service+".json" && receipts.Names(string(name)) {
				return true
			}
		}
		return false
	}
}
