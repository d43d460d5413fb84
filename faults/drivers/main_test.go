package drivers_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/faultstest/victim"
)

func TestMain(m *testing.M) {
	victim.Role()
	nobody()
	goleak.VerifyTestMain(m)
}
