package feed

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// recorded merges the files of a folder by recorded time; ties go by file name.
type recorded struct {
	paths   []string
	sources []*source
	round   int
	gave    bool // this round gave at least one trade
}

// source is one file, read ahead by one trade.
type source struct {
	file *os.File
	rows *csv.Reader
	name string
	row  int64
	head Trade
}

func openRecorded(dir string) (*recorded, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		return nil, fmt.Errorf("looking for trades in %s: %w", dir, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("looking for trades in %s: %w", dir, errNoTrades)
	}
	sort.Strings(paths)
	r := &recorded{paths: paths}
	if err := r.start(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// start opens every file for the next round.
func (r *recorded) start() error {
	r.round++
	r.gave = false
	for _, path := range r.paths {
		f, err := os.Open(path) //nolint:gosec // the operator names the folder
		if err != nil {
			return fmt.Errorf("opening trades: %w", err)
		}
		rows := csv.NewReader(f)
		rows.FieldsPerRecord = 7
		rows.ReuseRecord = true
		s := &source{file: f, rows: rows, name: strings.TrimSuffix(filepath.Base(path), ".csv")}
		r.sources = append(r.sources, s)
		if err := r.advance(len(r.sources) - 1); err != nil {
			return err
		}
	}
	return nil
}

// Next gives the earliest trade not given yet, and starts a new round at the end.
func (r *recorded) Next() (Trade, error) {
	for {
		first := -1
		for i, s := range r.sources {
			if s.file != nil && (first < 0 || s.head.Time.Before(r.sources[first].head.Time)) {
				first = i
			}
		}
		if first >= 0 {
			t := r.sources[first].head
			r.gave = true
			return t, r.advance(first)
		}
		if !r.gave {
			return Trade{}, fmt.Errorf("reading trades: %w", errNoTrades)
		}
		r.sources = r.sources[:0]
		if err := r.start(); err != nil {
			return Trade{}, err
		}
	}
}

// advance reads the next row of one file, and closes the file at its end.
func (r *recorded) advance(i int) error {
	s := r.sources[i]
	fields, err := s.rows.Read()
	if errors.Is(err, io.EOF) {
		err = s.file.Close()
		s.file = nil
		return err
	}
	if err != nil {
		return fmt.Errorf("reading trades of %s: %w", s.name, err)
	}
	s.row++
	t, err := parseRow(fields)
	if err != nil {
		return fmt.Errorf("reading row %d of %s.csv: %w", s.row, s.name, err)
	}
	t.Row, t.Symbol = s.row, symbolOf(s.name)
	t.ID = identify(s.name, s.row, r.round)
	s.head = t
	return nil
}

// Close closes the files of the current round.
func (r *recorded) Close() error {
	var errs []error
	for _, s := range r.sources {
		if s.file != nil {
			errs = append(errs, s.file.Close())
			s.file = nil
		}
	}
	return errors.Join(errs...)
}

// identify names a trade by place: rows repeat exactly, so content cannot.
func identify(source string, row int64, round int) string {
	if round == 1 {
		return fmt.Sprintf("ASX-%s-%d", source, row)
	}
	return fmt.Sprintf("ASX-%s-%d-round%d", source, row, round)
}
