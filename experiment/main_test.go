package experiment_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// TestMain asks for more cases than the library's 100: the first mistake that
// the property test found took about 1,500.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "3000"); err != nil {
		fmt.Fprintln(os.Stderr, "asking for more property checks:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
