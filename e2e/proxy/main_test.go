//go:build e2e

// Package proxy_test has real clients work through the Kafka proxy, with three
// real brokers behind it: see README.md. It fails when it cannot have them; it
// never skips.
package proxy_test

import (
	"fmt"
	"os"
	"testing"
)

// clientVariable says that this process is a client in Go, and not the test.
const clientVariable = "FAULTLINE_TEST_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(clientVariable) != "" {
		if err := runGoClient(os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
