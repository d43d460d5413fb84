package receipts

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type trade struct {
	Fate
	ID    string `json:"trade_id"`
	Price string `json:"price"`
}

func openAt(t *testing.T, path string) *Book[trade, *trade] {
	t.Helper()
	b, err := Open[trade](path, nil)
	require.NoError(t, err)
	return b
}

func TestReceiptsGoOnAfterAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receipts.jsonl")
	b := openAt(t, path)
	var second trade
	for n := range 3 {
		r, err := b.Take(trade{ID: "ASX-BHP-1"})
		require.NoError(t, err)
		require.EqualValues(t, n+1, r.Seq)
		if n == 1 {
			second = r
		}
	}
	require.NoError(t, b.Deliver(second, 4, 9, nil))
	require.Equal(t, Position{Taken: 3, Acked: 1, Pending: 2}, b.Position())
	// The process dies in the middle of a line.
	_, err := b.file.WriteString(`{"seq":3,"tra`)
	require.NoError(t, err)
	require.NoError(t, b.Close())

	for range 2 { // recovering twice must not count twice
		b = openAt(t, path)
		require.Equal(t, Position{Taken: 3, Acked: 1, Unknown: 2}, b.Position())
		require.NoError(t, b.Close())
	}
	var told []int64
	b, err = Open[trade](path, func(r trade) { told = append(told, r.Seq) })
	require.NoError(t, err)
	next, err := b.Take(trade{ID: "ASX-BHP-4"})
	require.NoError(t, err)
	require.EqualValues(t, 4, next.Seq)
	require.Equal(t, []int64{1, 2, 3, 4}, told)
	all, err := b.Between(1, 100)
	require.NoError(t, err)
	require.Len(t, all, 4)
	assert.EqualValues(t, 9, all[1].Offset)
	assert.Equal(t, Unknown, all[0].State)
	assert.Equal(t, Pending, all[3].State)
	require.NoError(t, b.Close())
}

func TestARecordIsSettledOnce(t *testing.T) {
	b := openAt(t, filepath.Join(t.TempDir(), "receipts.jsonl"))
	r, err := b.Take(trade{ID: "1"})
	require.NoError(t, err)
	require.ErrorContains(t, b.Settle(r), "not waiting", "pending is no fate")
	require.NoError(t, b.Deliver(r, 0, 0, errors.New("the connection broke")))
	require.ErrorContains(t, b.Deliver(r, 0, 0, nil), "settle each one once")
	require.ErrorContains(t, b.Settle(trade{Fate: Fate{Seq: 7, State: Failed}}), "settling receipt 7")
	assert.Equal(t, Position{Taken: 1, Unknown: 1}, b.Position(), "it may have been written")
	require.NoError(t, b.Close())
}

func TestOldReceiptsComeFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "receipts.jsonl")
	var lines strings.Builder
	for seq := range int64(window + 5) {
		line, err := json.Marshal(trade{Fate: Fate{Seq: seq + 1, State: Acked, Offset: seq}, ID: "x"})
		require.NoError(t, err)
		lines.Write(append(line, '\n'))
	}
	require.NoError(t, os.WriteFile(path, []byte(lines.String()), 0o600))
	b := openAt(t, path)
	require.Len(t, b.recent, window)
	found, err := b.Between(3, 8)
	require.NoError(t, err)
	require.Len(t, found, 6)
	for i, r := range found {
		assert.EqualValues(t, i+3, r.Seq)
		assert.EqualValues(t, i+2, r.Offset)
	}
	require.NoError(t, b.Close())
}

func TestTheBookIsServed(t *testing.T) {
	b := openAt(t, filepath.Join(t.TempDir(), "receipts.jsonl"))
	for _, price := range []string{"36.66700000", "36.67000000"} {
		r, err := b.Take(trade{ID: "ASX-BHP-7", Price: price})
		require.NoError(t, err)
		require.NoError(t, b.Deliver(r, 3, 4711, nil))
	}
	s := httptest.NewServer(b.Handler())
	defer s.Close()
	defer http.DefaultClient.CloseIdleConnections()
	get := func(path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, errors.Join(err, res.Body.Close()))
		return res.StatusCode, string(body)
	}
	status, body := get("/position")
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"taken":2,"acked":2,"dropped":0,"failed":0,"shed":0,"pending":0,"unknown":0}`, body)
	_, body = get("/receipts?from=1&to=1")
	assert.JSONEq(t, `{"seq":1,"state":"acked","partition":3,"offset":4711,"trade_id":"ASX-BHP-7","price":"36.66700000"}`, body)
	_, body = get("/receipts?from=2")
	assert.Equal(t, 1, strings.Count(body, "\n"))
	for _, wrong := range []string{"from=0", "from=x", "to=x"} {
		status, body = get("/receipts?" + wrong)
		assert.Equal(t, http.StatusBadRequest, status, wrong)
		assert.Contains(t, body, "whole number")
	}
	require.NoError(t, b.Close())
}
