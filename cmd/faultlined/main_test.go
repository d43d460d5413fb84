package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the binary that the sandbox's processes run.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "sandbox" {
		main()
		return
	}
	// sarama's metrics keep one ticker for the whole process, for good.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}
