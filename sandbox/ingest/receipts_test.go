package ingest

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReceiptsGoOnAfterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receipts.jsonl")
	r, err := openReceipts(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := r.take(Receipt{TradeID: "ASX-BHP-1", Symbol: "BHP"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.settle(Receipt{Seq: 2, TradeID: "ASX-BHP-1", Symbol: "BHP", State: Acked, Partition: 4, Offset: 9}); err != nil {
		t.Fatal(err)
	}
	if got, want := r.now(), (Position{Taken: 3, Acked: 1, Pending: 2}); got != want {
		t.Fatalf("position %+v, want %+v", got, want)
	}
	// The process dies in the middle of a line.
	if _, err := r.file.WriteString(`{"seq":3,"tra`); err != nil {
		t.Fatal(err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}

	for range 2 { // recovering twice must not count twice
		if r, err = openReceipts(path); err != nil {
			t.Fatal(err)
		}
		if got, want := r.now(), (Position{Taken: 3, Acked: 1, Unknown: 2}); got != want {
			t.Fatalf("after restart %+v, want %+v", got, want)
		}
		if err := r.close(); err != nil {
			t.Fatal(err)
		}
	}
	if r, err = openReceipts(path); err != nil {
		t.Fatal(err)
	}
	next, err := r.take(Receipt{TradeID: "ASX-BHP-4", Symbol: "BHP"})
	if err != nil || next.Seq != 4 {
		t.Fatalf("next seq %d, %v; want 4", next.Seq, err)
	}
	all, err := r.between(1, 100)
	if err != nil || len(all) != 4 || all[1].Offset != 9 || all[0].State != Unknown || all[3].State != Pending {
		t.Errorf("receipts %+v, %v", all, err)
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("receipts file: %v", err)
	}
}
