package main

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/bookkeeping"
	"github.com/k2-platform/faultline/handlers/conduct"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/spec"
)

// tagWithin bounds the making of one tag: a catalog that hangs holds up no
// experiment.
const tagWithin = 10 * time.Second

// taggedBooks are books that name the snapshots of the trade table at their
// opening and closing, chaos/<experiment>/before and /after, so that they stay
// readable when others expire. A catalog that refuses, or rights that do not
// suffice, stop nothing: the mark says that there is no tag, and why.
type taggedBooks struct {
	conduct.Books
	experiment spec.ExperimentID
	tag        func(ctx context.Context, name string, snapshot int64) error
	log        *slog.Logger
}

// tagIn makes tags in the table of books.
func tagIn(l *lake.Lake, b spec.Books) func(context.Context, string, int64) error {
	keep := cmp.Or(b.Tags.Keep, spec.DefaultTagsKeep).Of()
	return func(ctx context.Context, name string, snapshot int64) error {
		return l.Tag(ctx, b.Namespace, b.Table, name, snapshot, keep)
	}
}

func (b taggedBooks) Open(ctx context.Context) (*events.BookMark, error) {
	mark, err := b.Books.Open(ctx)
	if err == nil && mark != nil {
		b.mark(ctx, mark, "before")
	}
	return mark, err
}

func (b taggedBooks) Close(
	ctx context.Context, from events.BookMark, during int64, wait time.Duration, touched func() bookkeeping.Touched,
) events.BooksClosed {
	closed := b.Books.Close(ctx, from, during, wait, touched)
	b.mark(ctx, &closed.To, "after")
	return closed
}

// mark tags the snapshot of a mark that has one.
func (b taggedBooks) mark(ctx context.Context, at *events.BookMark, moment string) {
	if at.Snapshot == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, tagWithin)
	defer cancel()
	name := "chaos/" + string(b.experiment) + "/" + moment
	if err := b.tag(ctx, name, at.Snapshot); err != nil {
		at.Untagged = err.Error()
		b.log.Warn("the snapshot of the trade table has no tag and may expire", "experiment", b.experiment, "tag", name, "error", err)
		return
	}
	at.Tag = name
}
