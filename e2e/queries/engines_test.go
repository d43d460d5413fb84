//go:build e2e

package queries_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/spark"
)

// engine answers a job: spark.Submit is one.
type engine interface {
	Run(ctx context.Context, job spark.Job) ([]spark.Result, error)
}

// duck is DuckDB on the tables of a lake.
type duck struct {
	python, dir string
	lake        spark.Catalog
}

func newDuck(t *testing.T, at lake.Config) duck {
	t.Helper()
	return duck{python: strings.TrimSpace(shell(t, "../readers/venv.sh")), lake: catalogOf(at), dir: t.TempDir()}
}

func (d duck) Run(ctx context.Context, job spark.Job) ([]spark.Result, error) {
	for name, value := range map[string]any{"job.json": job, "lake.json": d.lake} {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(d.dir, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	prelude := filepath.Join(docs, "queries", "duckdb.sql")
	cmd := exec.CommandContext(ctx, d.python, "duck.py", filepath.Join(d.dir, "job.json"), filepath.Join(d.dir, "lake.json"), prelude) //nolint:gosec // this project's own script
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running SQL on DuckDB: %w", err)
	}
	var results []spark.Result
	return results, json.Unmarshal(out, &results)
}

// newSpark is a Spark in this machine's processes.
func newSpark(t *testing.T, at lake.Config) spark.Submit {
	t.Helper()
	var have struct{ Python, Submit, Jars string }
	require.NoError(t, json.Unmarshal([]byte(shell(t, "./spark.sh")), &have))
	return spark.Submit{
		Command: have.Submit,
		Args: []string{
			"--master", "local[2]", "--driver-memory", "1g", "--jars", have.Jars,
			// So few rows are soonest read by one task, and by code that nobody compiles for them.
			"--conf", "spark.ui.enabled=false", "--conf", "spark.sql.shuffle.partitions=1", "--conf", "spark.sql.codegen.wholeStage=false",
			"--driver-java-options", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
			"--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.driver.bindAddress=127.0.0.1",
		},
		Env:     []string{"PYSPARK_PYTHON=" + have.Python, "SPARK_LOCAL_IP=127.0.0.1"},
		Catalog: catalogOf(at),
	}
}

func catalogOf(c lake.Config) spark.Catalog {
	return spark.Catalog{Kind: c.Kind, Name: c.Name, URI: c.URI, Warehouse: c.Warehouse, Properties: c.Properties}
}

// shell runs one of this project's scripts and returns what it printed.
func shell(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), name, args...) //nolint:gosec // this project's own scripts
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	require.NoError(t, cmd.Run(), "%s: %s", name, out.String())
	return out.String()
}
