package bookkeeping

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// Feed is a producer that keeps receipts: see the package clients/receipts.
type Feed struct{ feed feed }

// FeedAt is the producer at a URL.
func FeedAt(url string) Feed { return Feed{feed{base: url, client: &http.Client{Timeout: ask}}} }

// Taken is how many records it has taken.
func (f Feed) Taken(ctx context.Context) (int64, error) {
	p, err := f.feed.position(ctx)
	return p.Taken, err
}

// Receipts are those after one number up to another, in order.
func (f Feed) Receipts(ctx context.Context, after, to int64) ([]Receipt, error) {
	all, err := f.feed.receipts(ctx, after, to)
	return said(all), err
}

// position is how far a producer is: see the sandbox's ingest, which gives it
// at /position.
type position struct {
	Taken int64 `json:"taken"`
}

// receipt is one line of the producer's /receipts: one record taken from the
// feed, and what became of it.
type receipt struct {
	Seq       int64  `json:"seq"`
	Key       string `json:"trade_id"`
	State     string `json:"state"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`

	sent []string // values of the columns that are compared
}

// read takes one line. A column that the line does not have is an error: to
// compare nothing would look like all is well.
func (r *receipt) read(d *json.Decoder, compare []string) error {
	var line json.RawMessage
	if err := d.Decode(&line); err != nil {
		return err
	}
	if err := json.Unmarshal(line, r); err != nil || len(compare) == 0 {
		return err
	}
	var all map[string]any
	if err := json.Unmarshal(line, &all); err != nil {
		return err
	}
	for _, column := range compare {
		value, ok := all[column].(string)
		if !ok {
			return fmt.Errorf("receipt %d says no %s, as text, to compare the table with", r.Seq, column)
		}
		r.sent = append(r.sent, value)
	}
	return nil
}

// States of a receipt. With any other the producer does not know what became of
// the record.
const (
	StateAcked   = "acked"
	StatePending = "pending"
	StateDropped = "dropped"
	StateShed    = "shed"
)

// feed asks the producer over HTTP.
type feed struct {
	base    string
	client  *http.Client
	compare []string // columns that receipts must have
}

func (f feed) position(ctx context.Context) (position, error) {
	var p position
	err := f.get(ctx, "/position", func(d *json.Decoder) error { return d.Decode(&p) })
	return p, err
}

// page is how many receipts are asked for at once: a producer that has little
// processor time answers so many soon enough.
const page = 2000

// receipts reads after…to, page by page, without a hole.
func (f feed) receipts(ctx context.Context, after, to int64) ([]receipt, error) {
	var out []receipt
	for next := after + 1; next <= to; {
		before := len(out)
		err := f.get(ctx, fmt.Sprintf("/receipts?from=%d&to=%d", next, min(to, next+page-1)), func(d *json.Decoder) error {
			for d.More() {
				var r receipt
				if err := r.read(d, f.compare); err != nil {
					return err
				}
				if r.Seq != next {
					return fmt.Errorf("receipt %d is missing, the next is %d", next, r.Seq)
				}
				out = append(out, r)
				next++
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(out) == before {
			return nil, fmt.Errorf("reading receipts from %s: it has none from %d on, and %d were taken", f.base, next, to)
		}
	}
	return out, nil
}

func (f feed) get(ctx context.Context, path string, read func(*json.Decoder) error) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base+path, nil)
	if err != nil {
		return fmt.Errorf("asking the producer: %w", err)
	}
	res, err := f.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking the producer: %w", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking the producer: %s says %s", f.base+path, res.Status)
	}
	if err := read(json.NewDecoder(bufio.NewReader(res.Body))); err != nil {
		return fmt.Errorf("reading %s: %w", f.base+path, err)
	}
	return nil
}
