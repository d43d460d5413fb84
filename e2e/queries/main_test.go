package queries_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

//nolint:gochecknoglobals // a flag of the test binary
var update = flag.Bool("update", false, "write docs/QUERIES.md; with the tag e2e the results of its queries, too")
