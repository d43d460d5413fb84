package projections

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/lake"
)

// LedgerPage is one page of a ledger of records and where it stands in the log.
type LedgerPage struct {
	Page      events.LedgerPage
	Topic     string
	Partition int32
	Offset    int64
}

func (p LedgerPage) source() Source {
	return Source{Topic: p.Topic, Partition: p.Partition, Offset: p.Offset}
}

// closing is one closing of an experiment's books. Its pages come in the order
// of their seq, at least once: what is not above the highest so far is a repeat.
type closing struct{ experiment, id string }

// written is the highest page that each table has, or was handed.
type written struct{ records, letters uint64 }

// LedgerPage keeps the rows of a page for the next Flush, but for one that came
// before. The first time it meets a closing it asks the tables how far that is;
// the error is of that question.
func (s *Set) LedgerPage(ctx context.Context, p LedgerPage) error {
	of := closing{string(p.Page.Experiment), p.Page.Closing}
	have, ok := s.closings[of]
	if !ok {
		var err error
		if have.records, err = s.pages(ctx, s.ledger.name, of); err != nil {
			return err
		}
		if have.letters, err = s.pages(ctx, s.letters.name, of); err != nil {
			return err
		}
	}
	if p.Page.Seq > have.records {
		s.ledger.add(LedgerRecords(p))
	}
	if p.Page.Seq > have.letters {
		s.letters.add(DLQAudit(p))
	}
	s.closings[of] = written{max(have.records, p.Page.Seq), max(have.letters, p.Page.Seq)}
	return nil
}

// pages is the highest page of a closing that a table has.
func (s *Set) pages(ctx context.Context, table string, of closing) (highest uint64, err error) {
	err = s.lake.Scan(ctx, Namespace, table, lake.ScanOptions{
		Columns: []string{"page"}, Equals: map[string]string{"experiment": of.experiment, "closing": of.id},
	}, func(r lake.Row) error {
		page, _ := r.Int("page")
		highest = max(highest, uint64(page)) //nolint:gosec // it was written from one
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("asking %s.%s for the pages of closing %s of experiment %s: %w", Namespace, table, of.id, of.experiment, err)
	}
	return highest, nil
}
