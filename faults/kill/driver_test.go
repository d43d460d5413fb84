package kill_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.Main(m) }

func TestDriver(t *testing.T) {
	faultstest.Run(t, faultstest.Suite{
		Fault: spec.Fault{Kind: kill.Kind},
		New:   func() faults.Driver { return kill.Driver{} },
	})
}
