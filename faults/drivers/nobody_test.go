package drivers_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/faults/faultstest/victim"
	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/spec"
)

// askVariable has this binary plan a fault, as whoever runs it, and say what
// came of it.
const askVariable = "FAULTLINE_TEST_PLAN"

type question struct {
	Dir    string
	Fault  spec.Fault
	Target spec.Target
}

type said struct {
	Refused bool
	Why     string
}

func pid() string { return strconv.Itoa(os.Getpid()) }

func nobody() {
	text := os.Getenv(askVariable)
	if text == "" {
		return
	}
	var q question
	err := json.Unmarshal([]byte(text), &q)
	if err == nil {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		_, err = drivers.All(q.Dir)[q.Fault.Kind].Plan(ctx, q.Fault, q.Target)
	}
	var s said
	if err != nil {
		s = said{errors.Is(err, faults.ErrRefused), err.Error()}
	}
	_ = json.NewEncoder(os.Stdout).Encode(s)
	os.Exit(0)
}

// TestWithoutTheRightAPlanIsRefused plans as nobody.
func TestWithoutTheRightAPlanIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		roottest.Need(t, "becoming nobody", errors.New("only root can"))
	}
	self := copyOfThis(t)
	each(t, func(t *testing.T, c victim.Case, b *bad) {
		t.Helper()
		require.NoError(t, os.Chmod(b.dir, 0o777)) //nolint:gosec // what is refused is to be refused for the target itself
		text, err := json.Marshal(question{b.dir, b.fault, b.victim.Target})
		require.NoError(t, err)
		cmd := exec.CommandContext(b.ctx(), self)
		cmd.Env, cmd.Dir, cmd.Stderr = []string{askVariable + "=" + string(text)}, "/", os.Stderr
		const nobodyID = 65534
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobodyID, Gid: nobodyID}}
		out, err := cmd.Output()
		require.NoError(t, err)
		var got said
		require.NoError(t, json.Unmarshal(out, &got), "%s", out)
		if c.Nobody {
			assert.Empty(t, got.Why, "it needs none")
			return
		}
		t.Log(got.Why)
		require.NotEmpty(t, got.Why, "it was planned")
		assert.True(t, got.Refused, "%s", got.Why)
		b.looks(true)
	})
}

// copyOfThis is this binary where nobody may run it.
func copyOfThis(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "nobody") //nolint:usetesting // whose folders nobody may look into
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // for nobody to look into
	raw, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	at := filepath.Join(dir, "plans")
	require.NoError(t, os.WriteFile(at, raw, 0o755), "copying %s", os.Args[0])
	return at
}
