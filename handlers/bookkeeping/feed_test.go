package bookkeeping

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReceiptsAreAskedForInPages: a producer that has little processor time
// would not have answered all of them at once in time.
func TestReceiptsAreAskedForInPages(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _ := strconv.Atoi(r.URL.Query().Get("from"))
		to, _ := strconv.Atoi(r.URL.Query().Get("to"))
		assert.LessOrEqual(t, to-from+1, page)
		for i := from; i <= to; i++ {
			fmt.Fprintf(w, `{"seq":%d}`, i) //nolint:errcheck // a test
		}
	}))
	defer server.Close()
	got, err := feed{base: server.URL, client: server.Client()}.receipts(t.Context(), 10, 10+2*page+5)
	require.NoError(t, err)
	assert.Len(t, got, 2*page+5)
}
