package network_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

const agentReceipt = "NETWORK_TEST_AGENT"

// agent injects a fault and waits to be killed.
func agent(receipt string) {
	var r faults.Receipt
	err := json.Unmarshal([]byte(receipt), &r)
	if err == nil {
		err = network.Driver{Kind: r.Kind}.Inject(context.Background(), r)
	}
	fmt.Println(err)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func (s *stage) presence(r faults.Receipt) faults.Presence {
	s.t.Helper()
	got, err := s.driver(r.Kind).Probe(s.t.Context(), r)
	require.NoError(s.t, err)
	return got
}

func (s *stage) gone(r faults.Receipt) {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), soon)
	defer stop()
	require.NoError(s.t, faults.Await(ctx, s.driver(r.Kind), r, faults.Absent))
	s.open(s.outside, s.home.Four, broken)
	require.NoError(s.t, s.driver(r.Kind).Rollback(ctx, r))
}

// keeper is the process that keeps a fault.
func (s *stage) keeper() process.Record {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.dir, "network", "*.json"))
	require.NoError(s.t, err)
	require.Len(s.t, found, 1)
	r, err := process.Read(found[0])
	require.NoError(s.t, err)
	return r
}

func both() map[string]spec.Fault {
	return map[string]spec.Fault{"rules": {Kind: network.Partition}, "proxy": {Kind: network.Delay}}
}

func TestAKeeperThatIsKilledLeavesNothing(t *testing.T) {
	for name, f := range both() {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			r := s.plan(f.Kind, nil, spec.Network{Ports: []int{broken}})
			require.NoError(t, s.driver(f.Kind).Inject(t.Context(), r))
			require.NoError(t, process.Signal(s.keeper(), syscall.SIGKILL))
			s.gone(r)
		})
	}
}

// TestAFaultEndsAtItsDeadline, whoever is alive.
func TestAFaultEndsAtItsDeadline(t *testing.T) {
	s := newStage(t)
	r := s.plan(network.Partition, nil, spec.Network{Ports: []int{broken}})
	r.Expires = ledger.Boottime() + 400*time.Millisecond
	require.NoError(t, s.driver(r.Kind).Inject(t.Context(), r))
	s.gone(r)
	assert.GreaterOrEqual(t, ledger.Boottime(), r.Expires)
	require.ErrorContains(t, s.driver(r.Kind).Inject(t.Context(), r), "has expired")
}

func TestAFaultLapsesThatNobodyKeeps(t *testing.T) {
	const lease = 600 * time.Millisecond
	s := newStage(t)
	d := s.driver(network.Partition)
	d.Lease = lease
	r, err := d.Plan(t.Context(), spec.Fault{Kind: d.Kind, Target: "service"}, s.target(spec.Network{Ports: []int{broken}}))
	require.NoError(t, err)
	r.ID, r.Expires = "exp/lapses", ledger.Boottime()+time.Minute
	require.NoError(t, d.Inject(t.Context(), r))
	for kept := ledger.Boottime() + 2*lease; ledger.Boottime() < kept; <-time.After(d.KeepEvery()) {
		require.NoError(t, d.Keep(t.Context(), r))
	}
	require.Equal(t, faults.Present, s.presence(r), "kept beyond its lease")
	s.gone(r)
	require.ErrorIs(t, d.Keep(t.Context(), r), process.ErrNotSame, "what is gone stays gone")
}

// TestAnAgentThatIsKilledLeavesItsFaultToAnother: its keeper goes on, and
// another process undoes by the receipt.
func TestAnAgentThatIsKilledLeavesItsFaultToAnother(t *testing.T) {
	for name, f := range both() {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			r := s.plan(f.Kind, nil, spec.Network{Ports: []int{broken}})
			raw, err := json.Marshal(r)
			require.NoError(t, err)
			cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test's own binary
			cmd.Env = append(os.Environ(), agentReceipt+"="+string(raw))
			cmd.Stderr = os.Stderr
			_, err = cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			said, err := bufio.NewReader(out).ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "<nil>\n", said)
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait() // which the keeper does not hold up: it has none of the agent's files
			require.Equal(t, faults.Present, s.presence(r))
			ctx, stop := context.WithTimeout(t.Context(), soon)
			defer stop()
			require.NoError(t, s.driver(r.Kind).Rollback(ctx, r))
			s.gone(r)
		})
	}
}

// TestAKeeperThatIsGivenNoReceiptEnds, as when its agent dies just then.
func TestAKeeperThatIsGivenNoReceiptEnds(t *testing.T) {
	for name, given := range map[string]string{"nothing": "", "a torn receipt": `{"id":"x"`} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], network.KeeperCommand) //nolint:gosec // this test's own binary
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			_, err = io.WriteString(in, given)
			require.NoError(t, err)
			require.NoError(t, in.Close())
			require.NoError(t, cmd.Wait())
		})
	}
}

func TestTwoInjectionsAtOnceHaveOneKeeper(t *testing.T) {
	s := newStage(t)
	r := s.plan(network.Partition, nil, spec.Network{Ports: []int{broken}})
	done := make(chan error)
	for range 3 {
		go func() { done <- s.driver(r.Kind).Inject(t.Context(), r) }()
	}
	for range 3 {
		require.NoError(t, <-done)
	}
	require.NoError(t, s.driver(r.Kind).Rollback(t.Context(), r))
	s.gone(r)
}
