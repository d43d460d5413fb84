package ingest

import (
	"path/filepath"
	"sync/atomic"

	"github.com/k2-platform/faultline/clients/receipts"
	"github.com/k2-platform/faultline/sandbox/service"
)

// Receipt says where one trade is.
type Receipt struct {
	receipts.Fate
	TradeID  string `json:"trade_id"`
	Symbol   string `json:"symbol"`
	Price    Amount `json:"price"` // as it was taken, and so sent
	Quantity Amount `json:"quantity"`
	Posted   bool   `json:"posted,omitempty"` // over HTTP: it is none of the feed
}

// Position counts receipts by state since the first start.
type Position struct {
	receipts.Position
	Posted int64 `json:"posted"` // of those taken
}

// book is the book of the feed, and of what was posted.
type book struct {
	*receipts.Book[Receipt, *Receipt]
	posted atomic.Int64
}

// openBook continues that of a home.
func openBook(home string) (*book, error) {
	b := &book{}
	var err error
	b.Book, err = receipts.Open[Receipt](filepath.Join(service.Dir(home), "receipts.jsonl"), func(r Receipt) {
		if r.Posted {
			b.posted.Add(1)
		}
	})
	return b, err
}

func (b *book) now() Position { return Position{b.Position(), b.posted.Load()} }
