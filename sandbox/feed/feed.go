// Package feed gives trades one after another, recorded or generated, always
// the same for the same Config. It does not pace them and has no clock.
package feed

import (
	"errors"
	"fmt"
	"time"
)

// Config says where trades come from. Its zero value is the generator with seed 0.
type Config struct {
	Dir  string // folder of recorded ASX files (*.csv); "" = generated trades
	Seed uint64 // of the generator
}

// Trade is one execution of the feed. Price and Volume are in units of 10^-8.
type Trade struct {
	ID         string // unique in the whole feed, round included
	Symbol     string
	Row        int64     // position in its source, from 1
	Time       time.Time // as recorded; the files carry no zone, UTC is taken
	Price      int64
	Volume     int64
	Qualifiers string
	Venue      string
	Buyer      string
}

// Feed is an endless sequence of trades. It is not safe for concurrent use.
type Feed interface {
	// Next gives the next trade. An error ends the feed.
	Next() (Trade, error)
	// Close releases what the feed holds open.
	Close() error
}

// Open starts a feed at its first trade.
func Open(cfg Config) (Feed, error) {
	if cfg.Dir == "" {
		return newGenerator(cfg.Seed), nil
	}
	return openRecorded(cfg.Dir)
}

// Skip moves a feed on by n trades.
func Skip(f Feed, n int64) error {
	for range n {
		if _, err := f.Next(); err != nil {
			return fmt.Errorf("skipping %d trades: %w", n, err)
		}
	}
	return nil
}

// errNoTrades is for a folder that would make an endless loop of nothing.
var errNoTrades = errors.New("no trades found; give a folder with recorded *.csv files")
