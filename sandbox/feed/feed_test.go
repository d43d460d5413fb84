package feed_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/k2-platform/faultline/sandbox/feed"
)

func take(t *testing.T, cfg feed.Config, n int) []feed.Trade {
	t.Helper()
	f, err := feed.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]feed.Trade, n)
	for i := range out {
		if out[i], err = f.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGeneratedTradesLookLikeTheRecordedOnes(t *testing.T) {
	const n = 50_000
	trades := take(t, feed.Config{Seed: 1}, n)
	type content struct {
		symbol        string
		at            int64
		price, volume int64
		qualifiers    string
	}
	seen, ids := map[content]bool{}, map[string]bool{}
	last := map[string]feed.Trade{}
	repeats, same, still := 0, 0, 0
	for i, tr := range trades {
		if tr.Price <= 0 || tr.Volume <= 0 || tr.Price%500_000 != 0 || tr.Volume%100_000_000 != 0 {
			t.Fatalf("trade %d has price %d, volume %d", i, tr.Price, tr.Volume)
		}
		if ids[tr.ID] {
			t.Fatalf("id %s twice", tr.ID)
		}
		ids[tr.ID] = true
		if i > 0 && tr.Time.Before(trades[i-1].Time) {
			t.Fatalf("trade %d goes back in time", i)
		}
		if i > 0 && tr.Time.Equal(trades[i-1].Time) {
			same++
		}
		if tr.Price == last[tr.Symbol].Price {
			still++
		}
		c := content{tr.Symbol, tr.Time.UnixMilli(), tr.Price, tr.Volume, tr.Qualifiers}
		if seen[c] {
			repeats++
		}
		seen[c], last[tr.Symbol] = true, tr
	}
	within(t, "exact repeats", float64(repeats)/n, 0.035, 0.055)
	within(t, "same instant as the one before", float64(same)/n, 0.60, 0.72)
	within(t, "price unchanged", float64(still)/n, 0.75, 0.86)
}

func within(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %.4f, want %.3f to %.3f", what, got, low, high)
	}
}

func TestTheSameSeedGivesTheSameTrades(t *testing.T) {
	a, b, c := take(t, feed.Config{Seed: 3}, 1000), take(t, feed.Config{Seed: 3}, 1000), take(t, feed.Config{Seed: 4}, 1000)
	differ := false
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("trade %d: %+v and %+v", i, a[i], b[i])
		}
		differ = differ || a[i] != c[i]
	}
	if !differ {
		t.Error("another seed gave the same trades")
	}
	f, err := feed.Open(feed.Config{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := feed.Skip(f, 500); err != nil {
		t.Fatal(err)
	}
	if next, err := f.Next(); err != nil || next != a[500] {
		t.Errorf("after skipping 500: %+v, %v; want %+v", next, err, a[500])
	}
}

func TestRecordedTradesMergeByTimeAndStartOver(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("7078.csv", "03/10/2014,10:00:00.100,36.667,200,3,X,\r\n03/10/2014,10:00:00.300,36.67,5,0,,\r\n03/10/2014,10:00:00.300,36.67,5,0,,\r\n")
	write("ZZZ.csv", "03/10/2014,10:00:00.200,1.1,7,,,35.1\r\n")
	want := []string{"ASX-7078-1", "ASX-ZZZ-1", "ASX-7078-2", "ASX-7078-3", "ASX-7078-1-round2", "ASX-ZZZ-1-round2"}
	got := take(t, feed.Config{Dir: dir}, len(want))
	for i := range want {
		if got[i].ID != want[i] {
			t.Errorf("trade %d is %s, want %s", i, got[i].ID, want[i])
		}
	}
	first := got[0]
	if first.Symbol != "BHP" || first.Price != 3_666_700_000 || first.Volume != 20_000_000_000 || first.Venue != "X" || first.Time.Nanosecond() != 100_000_000 {
		t.Errorf("first trade read as %+v", first)
	}
	if got[1].Symbol != "ZZZ" || got[1].Buyer != "35.1" {
		t.Errorf("second trade read as %+v", got[1])
	}
}

func TestAFolderWithoutTradesIsRefused(t *testing.T) {
	if _, err := feed.Open(feed.Config{Dir: t.TempDir()}); err == nil {
		t.Error("an empty folder was opened")
	}
}
