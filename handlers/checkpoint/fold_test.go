package checkpoint

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fold(t *testing.T, version string, texts map[string]fs.FS) string {
	t.Helper()
	out, err := foldOf(version, texts)
	require.NoError(t, err)
	require.NotEmpty(t, out)
	return out
}

// TestOtherTextIsAnotherFold: a change anywhere in the text makes old
// checkpoints unfit, without anybody having to remember it.
func TestOtherTextIsAnotherFold(t *testing.T) {
	with := func(change func(map[string]fs.FS)) string {
		texts := map[string]fs.FS{
			"a": fstest.MapFS{"x.go": {Data: []byte("package a\n")}, "y.go": {Data: []byte("package a // y\n")}},
			"b": fstest.MapFS{"x.go": {Data: []byte("package b\n")}},
		}
		change(texts)
		return fold(t, "go1", texts)
	}
	same := with(func(map[string]fs.FS) {})
	assert.Equal(t, same, with(func(texts map[string]fs.FS) {
		texts["b"].(fstest.MapFS)["x_test.go"] = &fstest.MapFile{Data: []byte("package b\n")}
	}), "tests change nothing")
	seen := map[string]string{"nothing": same}
	for name, change := range map[string]func(map[string]fs.FS){
		"a text":        func(texts map[string]fs.FS) { texts["b"].(fstest.MapFS)["x.go"].Data[0] = 'P' },
		"a file more":   func(texts map[string]fs.FS) { texts["b"].(fstest.MapFS)["y.go"] = &fstest.MapFile{} },
		"a file less":   func(texts map[string]fs.FS) { delete(texts["a"].(fstest.MapFS), "y.go") },
		"a name":        func(texts map[string]fs.FS) { texts["b"] = fstest.MapFS{"z.go": texts["b"].(fstest.MapFS)["x.go"]} },
		"a folder":      func(texts map[string]fs.FS) { texts["c"] = texts["b"]; delete(texts, "b") },
		"a folder more": func(texts map[string]fs.FS) { texts["c"] = texts["b"] },
	} {
		out := with(change)
		for other, sum := range seen {
			assert.NotEqual(t, sum, out, "%s is as %s", name, other)
		}
		seen[name] = out
	}
	assert.NotEqual(t, fold(t, "go1", texts()), fold(t, "go2", texts()), "encoding/json is Go's")
	one, err := Fold()
	require.NoError(t, err)
	again, err := Fold()
	require.NoError(t, err)
	assert.Equal(t, one, again)
}

// TestTheFoldIsAllThere: the text is that of the files as they are, and no
// package that the core imports is left out.
func TestTheFoldIsAllThere(t *testing.T) {
	const module = "github.com/k2-platform/faultline/"
	all := texts()
	for folder, text := range all {
		names, err := fs.Glob(text, "*.go")
		require.NoError(t, err)
		require.NotEmpty(t, names, folder)
		for _, name := range names {
			want, err := os.ReadFile(filepath.Join("..", "..", folder, name))
			require.NoError(t, err)
			got, err := fs.ReadFile(text, name)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), "%s of %s", name, folder)
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,GoFiles", module+"experiment").Output()
	require.NoError(t, err)
	seen := 0
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			GoFiles    []string
		}
		err := in.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		folder, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue
		}
		seen++
		require.Contains(t, slices.Collect(maps.Keys(all)), folder, "the core imports it: it belongs to the fold")
		for _, name := range p.GoFiles {
			_, err := fs.Stat(all[folder], name)
			require.NoError(t, err, folder)
		}
	}
	assert.Positive(t, seen)
}
