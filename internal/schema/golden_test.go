package schema

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//nolint:gochecknoglobals // a flag of the test binary
var update = flag.Bool("update", false, "write docs/schema and the tables of docs/WIRE.md")

const docs = "../../docs"

func TestFilesAreTheSchemas(t *testing.T) {
	for file, made := range map[string][]byte{
		"experiment.schema.json": Document(),
		"platform.schema.json":   Platform(),
		"policy.schema.json":     Policy(),
		"commands.schema.json":   Commands(),
	} {
		same(t, filepath.Join(docs, "schema", file), made)
	}
}

func TestSchemasAreTheSameAtEveryCall(t *testing.T) {
	for _, made := range []func() []byte{Document, Platform, Policy, Commands} {
		first := string(made())
		for range 20 {
			require.Equal(t, first, string(made()))
		}
	}
}

// same compares a file with what it should hold, or writes it.
func same(t *testing.T, path string, want []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, want, 0o600))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(have), "%s is out of date: run go test ./internal/schema -update", path)
}
