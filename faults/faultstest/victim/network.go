package victim

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/nftables"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/netns/netnstest"
	"github.com/k2-platform/faultline/internal/roottest"
	"github.com/k2-platform/faultline/spec"
)

// namespace is the traffic of a port in a network namespace.
func namespace(tb testing.TB, _ string) Victim {
	tb.Helper()
	return inNamespace(tb, []int{9092})
}

// wholeNamespace is all of its traffic.
func wholeNamespace(tb testing.TB, _ string) Victim {
	tb.Helper()
	return inNamespace(tb, nil)
}

// inNamespace is seen by the tables of the namespace.
func inNamespace(tb testing.TB, ports []int) Victim {
	tb.Helper()
	f, err := netnstest.Make()
	roottest.Need(tb, "making a network namespace", err)
	// A path of its own, as a file's number is soon that of another namespace.
	path := filepath.Join(tb.TempDir(), "net")
	require.NoError(tb, os.Symlink(netnstest.Path(f), path))
	ns, err := netns.Open(path)
	require.NoError(tb, err)
	gone := sync.OnceFunc(func() {
		_ = os.Remove(path)
		_ = f.Close()
	})
	tb.Cleanup(func() {
		gone()
		_ = ns.Close()
	})
	return Victim{
		Target: spec.Target{Network: &spec.Network{Namespace: path, Ports: ports}},
		Gone:   gone,
		Look: func() (string, error) {
			conn, err := nftables.New(nftables.WithNetNSFd(ns.Fd()))
			if err != nil {
				return "", err
			}
			tables, err := conn.ListTables()
			var names []string
			for _, t := range tables {
				names = append(names, t.Name)
			}
			slices.Sort(names)
			return "tables " + strings.Join(names, ", "), err
		},
	}
}
