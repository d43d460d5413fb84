package query

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/sink"
)

// restful is a REST catalog as Iceberg's own one: while it cannot make sense of
// the current metadata file it reads it again and again, and does not answer.
type restful struct {
	t      *testing.T
	bucket gofakes3.Backend
	at     atomic.Pointer[string] // the current metadata file
}

func (c *restful) read() []byte {
	o, err := c.bucket.GetObject("lake", strings.TrimPrefix(*c.at.Load(), "s3://lake/"), nil)
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(o.Contents)
	assert.NoError(c.t, errors.Join(err, o.Contents.Close()))
	return text
}

func (c *restful) write(text []byte) {
	c.t.Helper()
	key := strings.TrimPrefix(*c.at.Load(), "s3://lake/")
	_, err := c.bucket.DeleteObject("lake", key) // it would keep the checksum
	require.NoError(c.t, err)
	_, err = c.bucket.PutObject("lake", key, map[string]string{}, bytes.NewReader(text), int64(len(text)), nil)
	require.NoError(c.t, err)
}

func (c *restful) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"defaults": map[string]string{}, "overrides": map[string]string{}}
	if strings.HasSuffix(r.URL.Path, "/tables/"+sink.Table) {
		text := c.read()
		for ; !json.Valid(text); text = c.read() {
			select {
			case <-r.Context().Done():
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
		answer = map[string]any{"metadata-location": c.at.Load(), "metadata": json.RawMessage(text), "config": map[string]string{}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func TestARESTCatalogThatReadsADamagedFileForEver(t *testing.T) {
	bucket := s3mem.New()
	require.NoError(t, bucket.CreateBucket("lake"))
	fake := gofakes3.New(bucket).Server()
	var away atomic.Bool
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			<-r.Context().Done()
			return
		}
		fake.ServeHTTP(w, r)
	}))
	c := &restful{t: t, bucket: bucket}
	server := httptest.NewServer(c)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		store.Close()
		server.Close()
	})
	s3 := map[string]string{
		"s3.endpoint": store.URL, "s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
		"s3.access-key-id": "key", "s3.secret-access-key": "secret",
	}
	l, opened := tableOf(t, lake.Config{Kind: "sql", URI: filepath.Join(t.TempDir(), "catalog.db"), Warehouse: "s3://lake/warehouse", Properties: s3})
	next := int64(0)
	commit := func() {
		_, err := opened.Append(t.Context(), []row{{"a", time.Now()}}, upTo(next), upTo(next+1))
		require.NoError(t, err)
		next++
		info, err := l.Inspect(t.Context(), sink.Namespace, sink.Table)
		require.NoError(t, err)
		c.at.Store(&info.Metadata.Location)
	}
	commit()
	reader, err := lake.Open(t.Context(), lake.Config{Kind: "rest", URI: server.URL, Properties: s3})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reader.Close()) })
	s := newStorage(reader, nil)
	look := func() error {
		_, err := s.look(t.Context())
		return err
	}
	corrupt := func() {
		t.Helper()
		err := look()
		require.ErrorIs(t, err, lake.ErrCorrupt)
		require.NotErrorIs(t, err, errNoStore)
		require.ErrorContains(t, err, *c.at.Load())
		require.ErrorIs(t, s.damage(), lake.ErrCorrupt)
	}
	require.NoError(t, look())

	whole := c.read()
	c.write(whole[:len(whole)/2])
	corrupt()
	c.write(whole)
	require.NoError(t, look())
	require.NoError(t, s.damage())

	commit() // and nobody has looked since
	whole = c.read()
	c.write(whole[:len(whole)/2])
	corrupt()

	away.Store(true)
	for range tripAfter {
		require.False(t, s.open())
		require.ErrorIs(t, look(), errNoStore)
	}
	require.True(t, s.open(), "the store is away, whatever else is")
	require.ErrorIs(t, s.damage(), lake.ErrCorrupt, "it is still damaged, as far as anybody knows")
}
