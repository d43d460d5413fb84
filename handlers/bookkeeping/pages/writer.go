// Package pages writes the single records of a ledger, and their dead letters,
// to the log while the audit finds them: page by page, with memory for one.
package pages

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/pause"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/spec"
)

// Writer writes the pages of one audit. All fields but those of its own are
// needed.
type Writer struct {
	Experiment spec.ExperimentID
	// Closing tells the pages of this closing from those of another try.
	Closing string
	Topic   string // the source
	// Most is how many bytes a record of the log may have.
	Most    int
	Publish func(context.Context, events.LedgerPage) error
	Clock   func() time.Time

	page events.LedgerPage
	size int
	done events.LedgerPages
}

var _ audit.Out = (*Writer)(nil)

// again is how long it waits before it publishes a page once more.
const again = 250 * time.Millisecond

// share is what part of a record of the log a page fills: the last item that
// goes onto it, and the headers, need room as well.
const share = 2

func (p *Writer) limit() int { return p.Most / share }

// Record implements audit.Out.
func (p *Writer) Record(ctx context.Context, c account.Class, e audit.Example) error {
	r := RecordOf(c, e)
	size, err := sizeOf(r)
	if err == nil && size > p.limit() {
		r.Differ = nil
		size, err = sizeOf(r)
	}
	if err == nil {
		err = p.room(ctx, size)
	}
	if err != nil {
		return err
	}
	p.page.Records = append(p.page.Records, r)
	p.done.Records++
	return nil
}

// RecordOf is a record as events have it.
func RecordOf(c account.Class, e audit.Example) events.LedgerRecord {
	out := events.LedgerRecord{Class: c.String(), Partition: e.Partition, Offset: e.Offset, Key: e.Key, Differ: e.Differ}
	if e.Letters > 0 {
		out.Reason = audit.Reason(e.Reason)
	}
	return out
}

// Letter implements audit.Out. A letter that is too long for a page goes onto
// several.
func (p *Writer) Letter(ctx context.Context, d audit.Dead) error {
	at := d.At
	if at.Offset < 0 {
		at = d.Of
	}
	chunk := p.limit() / 4 // of key and of value, which are longer as Base64
	parts := max(pieces(len(d.Kept), chunk), pieces(len(d.Raw), chunk), 1)
	for i := range parts {
		l := events.DeadLetter{
			Topic: d.Topic, Partition: d.Self.Partition, Offset: d.Self.Offset, Part: i + 1, Parts: parts,
			KeyBase64: base64.StdEncoding.EncodeToString(piece(d.Kept, i, chunk)), RawBase64: base64.StdEncoding.EncodeToString(piece(d.Raw, i, chunk)),
			SchemaID: d.SchemaID, Reason: audit.Reason(d.Reason),
			OriginalTopic: p.Topic, OriginalPartition: at.Partition, OriginalOffset: at.Offset, Class: d.Class.String(), Resolved: d.Resolved,
		}
		size, err := sizeOf(l)
		if err == nil {
			err = p.room(ctx, size)
		}
		if err != nil {
			return err
		}
		p.page.Letters = append(p.page.Letters, l)
	}
	p.done.Letters++
	return nil
}

func pieces(n, chunk int) int { return (n + chunk - 1) / chunk }

func piece(b []byte, i, chunk int) []byte {
	return b[min(i*chunk, len(b)):min((i+1)*chunk, len(b))]
}

func sizeOf(item any) (int, error) {
	text, err := json.Marshal(item)
	return len(text) + 1, err
}

// room makes room for an item of a size.
func (p *Writer) room(ctx context.Context, size int) error {
	if p.size > 0 && p.size+size > p.limit() {
		if err := p.turn(ctx); err != nil {
			return err
		}
	}
	p.size += size
	return nil
}

// turn publishes the page, and begins the next. It tries until ctx ends: a page
// that stands in the log twice is the same page.
func (p *Writer) turn(ctx context.Context) error {
	p.page.Experiment, p.page.Closing, p.page.Seq, p.page.At = p.Experiment, p.Closing, p.done.Pages+1, p.Clock()
	for {
		err := p.Publish(ctx, p.page)
		if err == nil {
			break
		}
		if poison.Is(err) || !pause.For(ctx, again) {
			return fmt.Errorf("publishing page %d of the ledger of records: %w", p.page.Seq, errors.Join(err, ctx.Err()))
		}
	}
	p.done.Pages++
	p.page, p.size = events.LedgerPage{}, 0
	return nil
}

// End publishes the last page. It says what was published, also after an error.
func (p *Writer) End(ctx context.Context) (*events.LedgerPages, error) {
	var err error
	if p.size > 0 {
		err = p.turn(ctx)
	}
	out := p.done
	out.Closing = p.Closing
	return &out, err
}
