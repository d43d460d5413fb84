package spark

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a spark-submit that is a script: what it is called with it leaves in
// the folder that is returned.
func fake(t *testing.T, script string) (Submit, string) {
	t.Helper()
	dir := t.TempDir()
	command := filepath.Join(dir, "spark-submit")
	// The last three arguments are the script, the job and where results go.
	text := "#!/bin/sh\nset -eu\nSEEN=" + dir + "\nprintf '%s\\n' \"$@\" >$SEEN/args\nwhile [ $# -gt 3 ]; do shift; done\n" + script + "\n"
	require.NoError(t, os.WriteFile(command, []byte(text), 0o700))
	return Submit{
		Command: command, Args: []string{"--master", "yarn"},
		Catalog: Catalog{Kind: "rest", URI: "http://catalog", Properties: map[string]string{"token": "secret-token"}},
	}, dir
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func question() Job {
	return Job{
		Snapshots: []Snapshot{{View: "then", Table: "a.b", ID: 7}},
		Views:     []View{{Name: "v", SQL: "SELECT 1 AS n"}},
		Queries:   []Query{{Name: "one", SQL: "SELECT * FROM v"}, {Name: "two", SQL: "SELECT nothing"}},
	}
}

func TestSubmitIsCalledRightly(t *testing.T) {
	s, seen := fake(t, `
cp "$1" $SEEN/job.py; cp "$(dirname "$1")/results.py" $SEEN/results.py; cp "$2" $SEEN/job.json
stat -c %a "$2" "$(dirname "$2")" >$SEEN/modes; echo "$FROM_OPTIONS" >$SEEN/env
echo '{"name": "one", "columns": ["n", "t"], "rows": [["1", null]], "seconds": 0.5}' >"$3"
echo '{"name": "two", "seconds": 0.25, "error": "no such column"}' >>"$3"`)
	s.Env = []string{"FROM_OPTIONS=yes"}
	results, err := s.Run(t.Context(), question())
	require.NoError(t, err)
	assert.Equal(t, []Result{
		{Name: "one", Columns: []string{"n", "t"}, Rows: [][]*string{{new("1"), nil}}, Seconds: 0.5},
		{Name: "two", Seconds: 0.25, Error: "no such column"},
	}, results)

	args := lines(t, filepath.Join(seen, "args"))
	require.Len(t, args, 9)
	assert.Equal(t, []string{"--master", "yarn", "--deploy-mode", "client", "--name", "faultline"}, args[:6])
	assert.NotContains(t, strings.Join(args, " "), "secret-token")
	assert.Equal(t, []string{"600", "700"}, lines(t, filepath.Join(seen, "modes")))
	assert.Equal(t, []string{"yes"}, lines(t, filepath.Join(seen, "env")))
	_, err = os.Stat(filepath.Dir(args[6]))
	require.ErrorIs(t, err, os.ErrNotExist, "the folder of the job stays behind")

	var job struct {
		Job
		Conf map[string]string
	}
	text, err := os.ReadFile(filepath.Join(seen, "job.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &job))
	assert.Equal(t, question(), job.Job)
	assert.Equal(t, "secret-token", job.Conf["spark.sql.catalog.faultline.token"])
	for _, name := range []string{"job.py", "results.py"} {
		want, err := scripts.ReadFile(name)
		require.NoError(t, err)
		have, err := os.ReadFile(filepath.Join(seen, name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(have))
	}
}

func TestWhatSparkSaidLastIsInTheError(t *testing.T) {
	s, _ := fake(t, `
echo '{"name": "one", "rows": [], "seconds": 1}' >"$3"; printf '{"name": "tw' >>"$3"
i=0; while [ $i -lt 2000 ]; do echo "a line of its log" >&2; i=$((i+1)); done; echo "no room on the cluster" >&2; exit 3`)
	results, err := s.Run(t.Context(), question())
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "no room on the cluster")
	require.ErrorContains(t, err, "reading result 2")
	assert.Less(t, len(err.Error()), tail+1000)
	assert.Len(t, results, 1, "what was answered before is kept")
}

func TestAnAnswerThatIsMissingIsAnError(t *testing.T) {
	s, _ := fake(t, `echo '{"name": "one", "rows": []}' >"$3"; echo '{"name": "v", "error": "no"}' >>"$3"`)
	_, err := s.Run(t.Context(), question())
	require.ErrorContains(t, err, "query two has no answer")
}

func TestNoSparkIsToldApart(t *testing.T) {
	_, err := Submit{Command: filepath.Join(t.TempDir(), "spark-submit"), Catalog: Catalog{Kind: "glue"}}.Run(t.Context(), Job{})
	require.ErrorIs(t, err, ErrNoSpark)
}

// TestTheEndOfTheContextEndsSpark, also what spark-submit started: the script's
// child holds the pipe that it shares with us.
func TestTheEndOfTheContextEndsSpark(t *testing.T) {
	s, seen := fake(t, `mkfifo $SEEN/never; echo started >"$3.started"; echo $$ >$SEEN/pid.part; mv $SEEN/pid.part $SEEN/pid; (read line <$SEEN/never) || true`)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx, Job{})
		ended <- err
	}()
	require.Eventually(t, func() bool { _, err := os.Stat(filepath.Join(seen, "pid")); return err == nil }, grace, grace/1000)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	pid := lines(t, filepath.Join(seen, "pid"))[0]
	require.Eventually(t, func() bool { _, err := os.Stat("/proc/" + pid); return err != nil }, grace, grace/1000, "spark-submit lives on")
}
