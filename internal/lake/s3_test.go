package lake

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
)

func TestWarehouseOnS3(t *testing.T) {
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("lake"))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	l := open(t, configOnS3(t, server.URL))
	opened := openTable(t, l)
	_, err := opened.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.NoError(t, err)
	_, err = opened.Append(t.Context(), trades("BHP", 0, 3), nil, mark(3))
	require.ErrorIs(t, err, ErrStale)
	requireOnce(t, l, trades("BHP", 0, 3))
	objects, err := backend.ListBucket("lake", nil, gofakes3.ListBucketPage{})
	require.NoError(t, err)
	require.NotEmpty(t, objects.Contents)
}
