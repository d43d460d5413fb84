package stop_test

import (
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.Main(m) }

func TestDriver(t *testing.T) {
	faultstest.Run(t, faultstest.Suite{
		Fault: spec.Fault{Kind: stop.Kind},
		New:   func() faults.Driver { return stop.Driver{} },
	})
}
