package truth

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(victim); dir != "" {
		fmt.Fprintln(os.Stderr, writeForEver(dir)) //nolint:errcheck // a test
		os.Exit(1)
	}
	goleak.VerifyTestMain(m,
		// One ticker for the whole process, started by sarama's metrics.
		goleak.IgnoreTopFunction("github.com/rcrowley/go-metrics.(*meterArbiter).tick"))
}

func open(t *testing.T, dir string, o Options) *Journal {
	t.Helper()
	j, err := Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, j.Shut()) })
	return j
}

// fetched is an entry of a record that was fetched.
func fetched(experiment, receipt string, offset int64) Entry {
	return Entry{
		Experiment: experiment, Step: "corrupt", Receipt: receipt, Fault: "kafka.corrupt", What: "price_value_swap",
		Topic: "trades", Partition: 2, Offset: offset, Way: "fetch", Client: "sink", Before: "aa", After: "bb",
	}
}

// produced is an entry of a record whose offset its batch will tell.
func produced(receipt string, batch uint64, index int) Entry {
	e := fetched("x", receipt, -1)
	e.Way, e.Batch, e.Index = "produce", batch, index
	return e
}

// lines reads all that a journal has on disk.
func lines(t *testing.T, j *Journal) []line {
	t.Helper()
	var out []line
	for at := (place{}); ; {
		some, err := j.read(at)
		require.NoError(t, err)
		if len(some) == 0 {
			return out
		}
		for _, p := range some {
			out, at = append(out, p.line), p.after
		}
	}
}

// told is what lines say, a word each; heads are left out.
func told(all []line) []string {
	var out []string
	for _, l := range all {
		switch {
		case l.Begun != nil:
			out = append(out, "begun "+l.Begun.ID)
		case l.Entry != nil:
			out = append(out, fmt.Sprintf("%d %s@%d", l.Entry.Seq, l.Entry.Receipt, l.Entry.Offset))
		case l.Settled != nil:
			out = append(out, fmt.Sprintf("settled %d@%d", l.Settled.Batch, l.Settled.Base))
		case l.Closed != nil:
			out = append(out, fmt.Sprintf("closed %s %d", l.Closed.ID, l.Closed.Written))
		}
	}
	return out
}
