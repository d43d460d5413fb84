package bookkeeping

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a producer, a table and a dead-letter topic in memory.
type world struct {
	receipts []receipt
	page     int
	rows     []string
	values   map[string][]string // of rows, in the columns that are compared
	compare  []string
	touched  Touched
	letters  []Place
	ends     map[int32]int64
	stored   map[int32]int64
	broken   error // of the table's scan
}

func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/position" {
		fmt.Fprintf(out, `{"taken":%d}`, len(w.receipts)) //nolint:errcheck // a test
		return
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("from"))
	to, _ := strconv.Atoi(r.URL.Query().Get("to"))
	for i := from; i <= min(to, from+w.page-1); i++ {
		r := w.receipts[i-1]
		line := map[string]any{"seq": r.Seq, "trade_id": r.Key, "state": r.State, "partition": r.Partition, "offset": r.Offset}
		if r.sent != nil {
			line["price"] = r.sent[0]
		}
		if err := json.NewEncoder(out).Encode(line); err != nil {
			return
		}
	}
}

func (w *world) Snapshot(context.Context) (int64, error)         { return 7, nil }
func (w *world) Stored(context.Context) (map[int32]int64, error) { return w.stored, nil }
func (w *world) Rows(_ context.Context, _ int64, each func(string, []string)) error {
	for _, k := range w.rows {
		each(k, w.values[k])
	}
	return w.broken
}
func (w *world) Ends(context.Context) (map[int32]int64, error) { return w.ends, nil }
func (w *world) Letters(_ context.Context, each func(Place)) error {
	for _, p := range w.letters {
		each(p)
	}
	return nil
}

func (w *world) take(state string) receipt {
	n := int64(len(w.receipts) + 1)
	r := receipt{Seq: n, Key: fmt.Sprintf("T%d", n), State: state, Partition: -1, Offset: -1}
	if state == StateAcked {
		r.Partition, r.Offset = int32(n%3), n
	}
	w.receipts = append(w.receipts, r)
	return r
}

func (w *world) close(t interface {
	Helper()
	Cleanup(func())
}, after int64,
) events.BooksClosed {
	t.Helper()
	s := httptest.NewServer(w)
	defer s.Close()
	k := New(spec.Books{Receipts: s.URL, Topic: "trades", Compare: w.compare}, w, w)
	defer k.feed.client.CloseIdleConnections()
	return k.Close(context.Background(), events.BookMark{Taken: after}, 5, 2*time.Second, func() Touched { return w.touched })
}

func TestEveryRecordHasOneFate(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{page: rapid.IntRange(1, 50).Draw(rt, "page")}
		before := rapid.IntRange(0, 20).Draw(rt, "before")
		for range before {
			w.rows = append(w.rows, w.take(StateAcked).Key)
		}
		want := events.BooksClosed{}
		for range rapid.IntRange(0, 120).Draw(rt, "records") {
			state := rapid.SampledFrom([]string{StateAcked, StateAcked, StateAcked, StateDropped, StateShed, "failed", "unknown"}).Draw(rt, "state")
			r := w.take(state)
			want.Taken++
			times := 0
			if state == StateAcked || state == "unknown" {
				times = rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(rt, "rows")
			}
			for range times {
				w.rows = append(w.rows, r.Key)
			}
			letter := state == StateAcked && rapid.Bool().Draw(rt, "letter")
			if letter {
				w.letters = append(w.letters, Place{r.Partition, r.Offset})
			}
			switch {
			case times > 0:
				want.Stored++
				want.StoredTwice += int64(times - 1)
			case letter:
				want.DeadLettered++
			case state == StateAcked:
				want.LostAcked++
				want.Lost++
			case state == StateShed:
				want.Shed++
			case state == StateDropped:
				want.Dropped++
				want.Lost++
			default:
				want.Lost++
			}
		}
		got := w.close(t, int64(before))
		require.True(rt, got.Balanced, got.Why)
		require.Equal(rt, got.Taken, got.Stored+got.DeadLettered+got.Shed+got.Lost)
		require.Equal(rt,
			[]int64{want.Taken, want.Stored, want.StoredTwice, want.DeadLettered, want.Shed, want.Lost, want.LostAcked, want.Dropped},
			[]int64{got.Taken, got.Stored, got.StoredTwice, got.DeadLettered, got.Shed, got.Lost, got.LostAcked, got.Dropped})
	})
}

func TestBooksStayOpenWhenSomethingCannotBeRead(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"1 records are still under way: context deadline exceeded: see whether it runs, or give the books longer": func(w *world) { w.take(StatePending) },
		"1 records are not in the table: context deadline exceeded: see whether it runs, or give the books longer": func(w *world) {
			w.ends, w.stored = map[int32]int64{0: 9}, map[int32]int64{0: 8}
		},
		"the table says of no offset of trades that it was written: its writer has to keep them there": func(w *world) {
			w.ends = map[int32]int64{0: 9}
		},
		"disk on fire":         func(w *world) { w.broken = errors.New("disk on fire") },
		"receipt 2 is missing": func(w *world) { w.receipts[1].Seq = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{page: 10}
			for range 3 {
				w.rows = append(w.rows, w.take(StateAcked).Key)
			}
			spoil(w)
			got := w.close(t, 0)
			assert.False(t, got.Balanced)
			assert.Contains(t, got.Why, name)
		})
	}
}

func TestOpenMarksThePlace(t *testing.T) {
	w := &world{page: 10}
	w.take(StateAcked)
	s := httptest.NewServer(w)
	defer s.Close()
	k := New(spec.Books{Receipts: s.URL}, w, w)
	defer k.feed.client.CloseIdleConnections()
	at, err := k.Open(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &events.BookMark{Taken: 1, Snapshot: 7}, at)
}

// TestWhatIsStoredIsComparedWithWhatWasSent: three records that a fault changed
// on their way, one that it sent twice, and one that it did not touch.
func TestWhatIsStoredIsComparedWithWhatWasSent(t *testing.T) {
	w := &world{page: 10, compare: []string{"price"}, values: map[string][]string{}, touched: Touched{"trades": {}, "others": {}}}
	take := func(price, stored string, letter bool) Place {
		r := w.take(StateAcked)
		w.receipts[len(w.receipts)-1].sent = []string{price}
		at := Place{r.Partition, r.Offset}
		if stored != "" {
			w.rows, w.values[r.Key] = append(w.rows, r.Key), []string{stored}
		}
		if letter {
			w.letters = append(w.letters, at)
		}
		return at
	}
	touch := func(at Place, changed bool) {
		w.touched["trades"][at] = map[bool]Touch{true: Changed, false: Passed}[changed]
	}
	touch(take("36.50", "", true), true)
	touch(take("36.50", "100", false), true)  // got through
	touch(take("36.50", "36.5", false), true) // and so did this: what is compared is text
	touch(take("36.50", "", true), false)
	w.touched["others"][take("36.50", "", true)] = Changed // it is of another topic
	take("36.50", "36.50", false)
	got := w.close(t, 0)
	require.True(t, got.Balanced, got.Why)
	assert.Equal(t, []int64{6, 3, 3, 2, 3, 1, 1}, []int64{
		got.Taken, got.Stored, got.DeadLettered, got.Altered, got.Changed, got.Detected, got.FalseRejects,
	})
	assert.Zero(t, got.Lost)
}

func TestAReceiptThatSaysNotWhatWasSentLeavesTheBooksOpen(t *testing.T) {
	w := &world{page: 10, compare: []string{"price"}}
	w.take(StateAcked)
	got := w.close(t, 0)
	assert.False(t, got.Balanced)
	assert.Contains(t, got.Why, "receipt 1 says no price")
}
