package victim

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/internal/cgroup/cgrouptest"
	"github.com/k2-platform/faultline/spec"
)

const memoryLimit = 128 << 20

// within is a process in a control group of its own.
func within(tb testing.TB, dir string, of cgroup.Controller) (cgroup.Group, Victim) {
	tb.Helper()
	g := cgrouptest.Make(tb, of)
	if of == cgroup.Memory {
		cgrouptest.Limit(tb, g, memoryLimit)
	}
	s := sleeps(tb, dir)
	r, _, err := s.now()
	require.NoError(tb, err)
	require.NoError(tb, g.Join(r.PID))
	return g, Victim{Target: spec.Target{Process: &s.spec}, Gone: s.gone}
}

// grouped is seen by how many are in its group.
func grouped(of cgroup.Controller) func(testing.TB, string) Victim {
	return func(tb testing.TB, dir string) Victim {
		tb.Helper()
		g, v := within(tb, dir, of)
		v.Look = func() (string, error) {
			text, err := os.ReadFile(filepath.Join(g.Dir, "cgroup.procs"))
			return fmt.Sprintf("%d in its group", len(strings.Fields(string(text)))), err
		}
		return v
	}
}

// throttled is seen by its group's quota.
func throttled(tb testing.TB, dir string) Victim {
	tb.Helper()
	g, v := within(tb, dir, cgroup.CPU)
	v.Look = func() (string, error) {
		q, err := g.Quota()
		return "quota " + q.String(), err
	}
	return v
}
