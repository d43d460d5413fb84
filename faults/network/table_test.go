package network

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/nftables"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

//nolint:gochecknoglobals // a flag of the test binary
var update = flag.Bool("update", false, "write testdata/*.nft")

func workFor(t *testing.T, kind string, with map[string]string, n spec.Network) work {
	t.Helper()
	w, err := workOf(faults.Find(Kinds(), kind), with, n)
	require.NoError(t, err)
	return w
}

// TestTables holds what each fault has in the kernel to golden files.
func TestTables(t *testing.T) {
	listeners := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:7000"), netip.MustParseAddrPort("[::1]:7001")}
	of := spec.Network{Ports: []int{9092, 9093}, Sources: []string{"10.0.0.7", "fd00::/8"}}
	for name, made := range map[string]table{
		"partition":           tableOf(workFor(t, Partition, nil, spec.Network{Ports: []int{9092}})),
		"partition-in":        tableOf(workFor(t, Partition, map[string]string{"direction": "in"}, of)),
		"partition-namespace": tableOf(workFor(t, Partition, nil, spec.Network{Sources: []string{"10.0.0.0/8"}})),
		"loss":                tableOf(workFor(t, Loss, map[string]string{"direction": "out"}, of)),
		"bandwidth-namespace": tableOf(workFor(t, Bandwidth, map[string]string{"bytes_per_second": "1MB", "direction": "out"}, spec.Network{})),
		"reset":               tableOf(workFor(t, Reset, map[string]string{"direction": "in"}, spec.Network{Ports: []int{9092}})),
		"dns-timeout":         tableOf(workFor(t, DNS, nil, of)),
		"dns-refused":         tableOf(workFor(t, DNS, map[string]string{"how": "refused"}, spec.Network{})),
		"delay":               leadTable(workFor(t, Delay, nil, spec.Network{Ports: []int{9092}}), 1, listeners),
		"delay-second":        leadTable(workFor(t, Delay, nil, of), 2, listeners),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".nft")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(made.String()), 0o600))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, string(want), made.String(), "run go test ./faults/network -update")
		})
	}
}

func TestAPlaceInTheRowIsAfterTheLast(t *testing.T) {
	at := func(table string, priority nftables.ChainPriority) *nftables.Chain {
		return &nftables.Chain{Name: leading, Table: &nftables.Table{Name: table}, Priority: &priority}
	}
	assert.Equal(t, 1, placeAfter(nil))
	assert.Equal(t, 1, placeAfter([]*nftables.Chain{at("someone", 300), {Name: leading, Table: &nftables.Table{Name: tablePrefix}}}))
	assert.Equal(t, 8, placeAfter([]*nftables.Chain{at(tablePrefix+"a", early+7), at(tablePrefix+"b", early+2)}))
}

func TestATableIsNamedAfterItsReceipt(t *testing.T) {
	assert.Equal(t, "faultline_exp_1_cut_c0fce2bcc7c6", tableName("exp-1/cut"))
	assert.NotEqual(t, tableName("exp-1/cut"), tableName("exp_1/cut"), "two that read alike")
	long := tableName(strings.Repeat("é/", 400))
	assert.Less(t, len(long), 128)
}
