package object

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func content(t *testing.T, text string) Content {
	t.Helper()
	f, err := Measure(bytes.NewReader([]byte(text)))
	require.NoError(t, err)
	return Content{Form: f, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader([]byte(text))), nil }}
}

// stores gives each kind of store, with a place in it.
func stores(t *testing.T, test func(t *testing.T, s Store, at string)) {
	t.Helper()
	t.Run("local", func(t *testing.T) {
		dir := t.TempDir()
		s, err := Of("file://"+dir, "x", spec.ObjectStore{})
		require.NoError(t, err)
		test(t, s, "file://"+dir+"/a b=1.avro")
		left, err := filepath.Glob(dir + "/.faultline-*")
		require.NoError(t, err)
		require.Empty(t, left, "nothing is left beside")
	})
	t.Run("s3", func(t *testing.T) {
		backend := s3mem.New()
		require.NoError(t, backend.CreateBucket("b"))
		server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
		t.Cleanup(server.Close)
		s, err := Of("s3://b/x", "x", spec.ObjectStore{Endpoint: server.URL})
		require.NoError(t, err)
		t.Cleanup(s.Close)
		test(t, s, "s3://b/a b=1.avro")
	})
}

func TestSwap(t *testing.T) {
	stores(t, func(t *testing.T, s Store, at string) {
		t.Helper()
		first, second, third := content(t, "first"), content(t, "second"), content(t, "third")
		is := func(want Form) {
			t.Helper()
			got, _, err := Look(t.Context(), s, at)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		is(Form{})
		require.NoError(t, s.Swap(t.Context(), at, Content{}, first))
		is(first.Form)
		require.NoError(t, s.Swap(t.Context(), at, Content{}, first), "it is so already")
		require.ErrorIs(t, s.Swap(t.Context(), at, Content{}, second), ErrChanged)
		require.ErrorIs(t, s.Swap(t.Context(), at, third, second), ErrChanged)
		require.ErrorIs(t, s.Swap(t.Context(), at, third, Content{}), ErrChanged)
		is(first.Form)
		require.NoError(t, s.Swap(t.Context(), at, first, second))
		is(second.Form)
		require.NoError(t, s.Swap(t.Context(), at, second, Content{}))
		is(Form{})
		require.ErrorIs(t, s.Swap(t.Context(), at, second, first), ErrChanged)
		require.NoError(t, s.Swap(t.Context(), at, Content{}, content(t, "")))
		is(content(t, "").Form)
	})
}

// TestWhatIsWrittenAtTheSameTimeGoesBack changes the object after Swap has
// looked at it: when it opens what it is to write.
func TestWhatIsWrittenAtTheSameTimeGoesBack(t *testing.T) {
	stores(t, func(t *testing.T, s Store, at string) {
		t.Helper()
		first, theirs, nothing := content(t, "first"), content(t, "theirs"), Content{}
		for _, from := range []Content{nothing, first} {
			require.NoError(t, s.Swap(t.Context(), at, nothing, from))
			ours, wrote := content(t, "ours"), false
			plain := ours.Open
			ours.Open = func() (io.ReadCloser, error) {
				require.NoError(t, s.Swap(t.Context(), at, from, theirs))
				wrote = true
				return plain()
			}
			require.ErrorIs(t, s.Swap(t.Context(), at, from, ours), ErrChanged)
			require.True(t, wrote)
			got, _, err := Look(t.Context(), s, at)
			require.NoError(t, err)
			require.Equal(t, theirs.Form, got)
			require.NoError(t, s.Swap(t.Context(), at, theirs, nothing))
		}
	})
}

func TestAFileKeepsItsRights(t *testing.T) {
	at := filepath.Join(t.TempDir(), "f")
	require.NoError(t, os.WriteFile(at, []byte("first"), 0o604))
	require.NoError(t, os.Chmod(at, 0o604)) //nolint:gosec // others may read it
	s := local{"x"}
	first := content(t, "first")
	_, info, err := Look(t.Context(), s, at)
	require.NoError(t, err)
	first.Headers = info.Headers
	require.NoError(t, s.Swap(t.Context(), at, first, Content{}))
	require.NoError(t, s.Swap(t.Context(), at, Content{}, first))
	now, err := os.Stat(at)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o604), now.Mode().Perm())
}

func TestSweepTakesItsOwnAlone(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".faultline-x-1", ".faultline-y-1", "data"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	require.NoError(t, local{"x"}.Sweep(t.Context(), []string{dir + "/data", "/nowhere/at/all"}))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2)
}

// TestWhoMayNotWriteRemovesNothing has a store that lets this one read and
// delete.
func TestWhoMayNotWriteRemovesNothing(t *testing.T) {
	deleted := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPut:
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
		case http.MethodDelete:
			deleted = true
		default:
			w.Header().Set("ETag", `"1"`)
			_, _ = io.WriteString(w, "first")
		}
	}))
	defer server.Close()
	s, err := Of("s3://b/k", "x", spec.ObjectStore{Endpoint: server.URL})
	require.NoError(t, err)
	defer s.Close()
	err = s.Swap(t.Context(), "s3://b/k", content(t, "first"), Content{})
	require.ErrorIs(t, err, ErrDenied)
	require.ErrorContains(t, err, "AccessDenied no")
	require.False(t, deleted)
}

func TestKeysAreThoseOfTheDefaultProfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(file, []byte("[other]\naws_access_key_id=no\n[default]\naws_access_key_id = me\n aws_secret_access_key=hush=\n# c\n[x]\naws_access_key_id=no\n"), 0o600))
	k, err := findKeys(file)
	require.NoError(t, err)
	require.Equal(t, keys{id: "me", secret: "hush="}, k)
	t.Setenv("AWS_ACCESS_KEY_ID", "env")
	k, err = findKeys("")
	require.NoError(t, err)
	require.Equal(t, "env", k.id)
	require.NoError(t, os.WriteFile(file, []byte("[other]\naws_access_key_id=no\n"), 0o600))
	_, err = findKeys(file)
	require.ErrorContains(t, err, "profile default")
}
