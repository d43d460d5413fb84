package network_test

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/netns/netnstest"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// TestOfTheHostANamedPortIsBrokenAndNothingElse is about the namespace that
// the test itself is in, and ports of its own there.
func TestOfTheHostANamedPortIsBrokenAndNothingElse(t *testing.T) {
	netnstest.New(t) // skips without the rights
	s := &stage{t: t, dir: t.TempDir()}
	var all sync.WaitGroup
	defer all.Wait() // once both are closed; what was opened ends before
	var at [2]netip.AddrPort
	for i := range at {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		at[i] = l.Addr().(*net.TCPAddr).AddrPort()
		all.Go(func() { echo(l, &all) })
		defer func() { _ = l.Close() }()
	}
	host := &netns.Namespace{}
	for _, kind := range []string{network.Partition, network.Delay} {
		stands, other := s.open(host, at[0].Addr(), int(at[0].Port())), s.open(host, at[1].Addr(), int(at[1].Port()))
		d := s.driver(kind)
		r, err := d.Plan(t.Context(), spec.Fault{Kind: kind, Target: "service"}, spec.Target{Network: &spec.Network{Ports: []int{int(at[0].Port())}}})
		require.NoError(t, err)
		r.ID, r.Expires = "exp/"+kind, ledger.Boottime()+time.Minute
		require.NoError(t, d.Inject(t.Context(), r))
		require.Error(t, talk(stands, never))
		inTime(t, never, "another port", func() { require.NoError(t, talk(other, soon)) })
		require.NoError(t, d.Rollback(t.Context(), r))
		s.open(host, at[0].Addr(), int(at[0].Port()))
	}
}
