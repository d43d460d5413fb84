package projections

import (
	"log/slog"
	"time"
)

// Options tune a Follower. The zero value has the defaults.
type Options struct {
	// Every is how old rows get before they are written, default 10 s. A verdict
	// is written at once.
	Every time.Duration
	// Commit is how many rows are written before that, default 50,000.
	Commit int
	// Rows is how many rows may wait to be written, default 200,000; reading
	// stops there. One record's rows may go over it.
	Rows int
	// Patience is how long rows may be due in a table that another daemon writes
	// and does not move, before this one writes it; default three times Every.
	Patience time.Duration
	// Grace is how long the rows that are left are still tried at the end,
	// default 10 s.
	Grace time.Duration
	// Log is told of failed commits and skipped records; nil is silent.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Every <= 0 {
		o.Every = 10 * time.Second
	}
	if o.Rows <= 0 {
		o.Rows = 200_000
	}
	if o.Commit <= 0 {
		o.Commit = 50_000
	}
	o.Commit = min(o.Commit, o.Rows)
	if o.Patience <= 0 {
		o.Patience = 3 * o.Every
	}
	if o.Grace <= 0 {
		o.Grace = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
