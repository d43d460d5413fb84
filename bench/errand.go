package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/k2-platform/faultline/internal/lake"
)

// errand is what a child of the bench is to do, as its one argument.
type errand struct {
	Brokers  []string
	Lake     lake.Config
	Topic    string
	Table    string
	Batch    int    // rows of a commit
	OneByOne bool   // through watermill, instead of in bulk
	Registry string // of the schemas of a topic that is to be audited; "" = it is to be projected
}

// launch starts the bench itself as a program that does this and nothing else.
func (e errand) launch(what, log string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the bench itself: %w", err)
	}
	text, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("writing what a child is to do: %w", err)
	}
	return launch(what, log, self, "-errand", string(text))
}

// runErrand is all that a child does.
func runErrand(ctx context.Context, text string) error {
	var e errand
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return fmt.Errorf("reading what to do: %w", err)
	}
	if e.Registry != "" {
		return e.audit(ctx)
	}
	return e.project(ctx)
}
