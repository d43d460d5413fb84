package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/sandbox/defect"
)

// command is faultline audit as an operator runs it: the light binary, which
// hands over to the daemon's.
func (f *plant) command(args ...string) *exec.Cmd {
	f.t.Helper()
	file := filepath.Join(f.home, "platform.yaml")
	text, err := json.Marshal(f.platform)
	require.NoError(f.t, err)
	require.NoError(f.t, os.WriteFile(file, text, 0o600))
	self, err := os.Executable()
	require.NoError(f.t, err)
	cmd := exec.CommandContext(f.t.Context(), os.Getenv("FAULTLINE"), append([]string{"audit", "--home", f.home, "--platform", file}, args...)...) //nolint:gosec // this repository's
	cmd.Env = append(os.Environ(), "FAULTLINED="+self)
	return cmd
}

// audited is what it prints, and its exit code.
func (f *plant) audited(args ...string) (out, problems string, code int) {
	f.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := f.command(args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		return stdout.String(), stderr.String(), ended.ExitCode()
	}
	require.NoError(f.t, err)
	return stdout.String(), stderr.String(), 0
}

// TestAnAuditEndsWithTheCodeOfWhatItFound as a process of its own, on a platform
// that is sound, on one whose sink stands still, and for one who mistypes.
func TestAnAuditEndsWithTheCodeOfWhatItFound(t *testing.T) {
	f := newPlant(t)
	f.ingest(500)
	f.sent(500)
	out, problems, code := f.audited("--from", "10m")
	assert.Equal(t, 0, code, "%s %s", out, problems)
	accounted, checks, _ := strings.Cut(out, "\n\nCHECK ")
	assert.Equal(t, "500 records of the log, 500 rows of the table, 0 records with a dead letter\n\nClass        records\nstored_once  500\n\n"+
		"Every record is accounted for.", accounted)
	assert.Regexp(t, `\nwindow_digest +holds +500:`, checks)
	assert.True(t, strings.HasSuffix(checks, "\n\nEvery check holds.\n"), checks)

	out, problems, code = f.audited("--from", "10m", "-o", "json")
	assert.Equal(t, 0, code, problems)
	var got struct {
		Answer   string
		Records  int64
		Receipts int64
		Classes  map[string]int64
	}
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	assert.Equal(t, "holds", got.Answer)
	assert.Equal(t, int64(500), got.Records)
	assert.Equal(t, int64(500), got.Receipts, "the producer is asked for what the log cannot tell")
	assert.Equal(t, map[string]int64{"stored_once": 500}, got.Classes)

	for _, wrong := range [][]string{
		{},
		{"--from", "soon"},
		{"--from", "1h", "--to", "2h"},
		{"--from", "1h", "--by", "luck"},
		{"--from", "1h", "--books", "quotes"},
		{"--from", "1h", "-o", "xml"},
		{"--follow", "--from", "1h"},
		{"--follow", "--every", "0s"},
		{"--from", "1h", "--platform", filepath.Join(f.home, "none.yaml")},
	} {
		out, problems, code = f.audited(wrong...)
		assert.Equal(t, 2, code, "%v", wrong)
		assert.Empty(t, out)
		assert.True(t, strings.HasPrefix(problems, "faultlined: "), problems)
	}

	f.sink()
	f.ingest(600)
	f.sent(600)
	out, _, code = f.audited("--from", "10m", "--wait", "1s", "--by", "moment")
	assert.Equal(t, 5, code, out)
	assert.Contains(t, out, "in_flight    100\n")
	assert.Contains(t, out, "Inconclusive: sink: after 1s 100 records are not in the table: see whether the sink runs, or wait longer; 100 records are still in flight.")
	f.source() // nobody answers for its receipts
	out, _, code = f.audited("--from", "10m", "--wait", "1s")
	assert.Equal(t, 5, code, out)
	assert.Contains(t, out, "receipts: asking the producer")

	books := f.platform.Books["trades"]
	books.Brokers = []string{"127.0.0.1:1"}
	f.platform.Books["trades"] = books
	out, problems, code = f.audited("--from", "10m")
	assert.Equal(t, 5, code, "%s %s", out, problems)
	assert.Empty(t, out)
	assert.Contains(t, problems, "faultlined: connecting to kafka at [127.0.0.1:1]")
	assert.Contains(t, problems, "ask again when it answers")
}

func TestAnAuditOfADefectiveSinkEndsWithOne(t *testing.T) {
	f := newPlant(t, defect.DropAfterAck+"=1/100", defect.SwapPriceQuantity+"=1/150")
	f.ingest(1000)
	f.sent(1000)
	out, problems, code := f.audited("--from", "10m")
	assert.Equal(t, 1, code, "%s %s", out, problems)
	assert.Regexp(t, `\nlost_acked +\d+ +wrong\naltered +\d+ +wrong\n`, out)
	assert.Regexp(t, `\naltered +\d +\d+ +\S+ +price: sent \d+, stored \d+; quantity: sent \d+, stored \d+\n`, out)
	assert.Regexp(t, `\n\d+ records are lost, altered or too many\.\n`, out)
	assert.Regexp(t, `\n\nViolated: window_count, .*window_digest, [a-z_, ]+\.\n$`, out)
	if path := os.Getenv("AUDIT_SHOW"); path != "" { // for docs/AUDIT.md
		require.NoError(t, os.WriteFile(path, []byte(out), 0o600))
	}
}

// TestAFollowerGoesOnWhereItWas: interrupted and started again, it has each
// record in one of its stretches.
func TestAFollowerGoesOnWhereItWas(t *testing.T) {
	f := newPlant(t)
	f.ingest(100)
	f.sent(100)
	records, end := 0, ""
	follow := func(until int, meanwhile func()) {
		cmd := f.command("--follow", "--every", "500ms")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		defer time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() }).Stop()
		lines, first := bufio.NewScanner(out), true
		for lines.Scan() {
			var from, to string
			var n int
			_, err := fmt.Sscanf(lines.Text(), "%s to %s %d records. Every record is accounted for.", &from, &to, &n)
			require.NoError(t, err, lines.Text())
			if end != "" {
				assert.Equal(t, end, from+":", "it begins where the last one ended")
			}
			records, end = records+n, to
			if first {
				first = false
				meanwhile()
			}
			if records >= until {
				break
			}
		}
		require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
		for lines.Scan() { // one more may be under way, and is not closed
			t.Log(lines.Text())
		}
		require.NoError(t, cmd.Wait())
	}
	follow(200, func() { f.ingest(300); f.sent(300) })
	follow(500, func() { f.ingest(600); f.sent(600) })
	assert.Equal(t, 500, records, "those hundred that were there before are of no stretch")
}
