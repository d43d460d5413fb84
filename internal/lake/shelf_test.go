package lake

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
)

// configOnS3 has a catalog of its own, and its tables in the bucket lake.
func configOnS3(t *testing.T, endpoint string) Config {
	t.Helper()
	return Config{
		Kind: "sql", URI: filepath.Join(t.TempDir(), "catalog.db"), Warehouse: "s3://lake/warehouse",
		Properties: map[string]string{
			"s3.endpoint": endpoint, "s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
			"s3.access-key-id": "key", "s3.secret-access-key": "secret",
		},
	}
}

// shelf is a store whose files a test reads and writes by their location; nil
// removes.
type shelf struct {
	config Config
	read   func(location string) []byte
	write  func(location string, text []byte)
}

func onDisk(t *testing.T) shelf {
	t.Helper()
	return shelf{
		config: configIn(t.TempDir()),
		read: func(at string) []byte {
			text, err := os.ReadFile(strings.TrimPrefix(at, "file://"))
			require.NoError(t, err)
			return text
		},
		write: func(at string, text []byte) {
			at = strings.TrimPrefix(at, "file://")
			if text == nil {
				require.NoError(t, os.Remove(at))
				return
			}
			require.NoError(t, os.WriteFile(at, text, 0o600))
		},
	}
}

// onS3 also gives what decides whether the server answers.
func onS3(t *testing.T) (shelf, *atomic.Bool) {
	t.Helper()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("lake"))
	fake := gofakes3.New(backend).Server()
	var away atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			<-r.Context().Done()
			return
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		server.Close()
	})
	key := func(at string) string { return strings.TrimPrefix(at, "s3://lake/") }
	return shelf{
		config: configOnS3(t, server.URL),
		read: func(at string) []byte {
			o, err := backend.GetObject("lake", key(at), nil)
			require.NoError(t, err)
			text, err := io.ReadAll(o.Contents)
			require.NoError(t, errors.Join(err, o.Contents.Close()))
			return text
		},
		write: func(at string, text []byte) {
			_, err := backend.DeleteObject("lake", key(at)) // it would keep the checksum
			require.NoError(t, err)
			if text == nil {
				return
			}
			_, err = backend.PutObject("lake", key(at), map[string]string{}, bytes.NewReader(text), int64(len(text)), nil)
			require.NoError(t, err)
		},
	}, &away
}
