//go:build failpoint

package matrix_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// options are what the environment says of a run.
type options struct {
	full   bool   // MATRIX_FULL: every death at every point, rather than every SIGKILL and a sample
	update bool   // MATRIX_UPDATE: write docs/CRASH_MATRIX.md
	seed   uint64 // MATRIX_SEED of the sample and the soak; default a new one
	sample int    // MATRIX_SAMPLE: how many of the deaths that are no SIGKILL
	soak   time.Duration
	// MATRIX_FAULT_SAMPLE: how many deaths of each kind of fault
	faultSample int
}

// defaultSample fits into the time that CI has.
const defaultSample = 16

func optionsOf(t *testing.T) options {
	t.Helper()
	o := options{
		full: os.Getenv("MATRIX_FULL") != "", update: os.Getenv("MATRIX_UPDATE") != "",
		seed: uint64(time.Now().UnixNano()), sample: defaultSample, faultSample: defaultFaultSample,
	}
	var err error
	if text := os.Getenv("MATRIX_SEED"); text != "" {
		o.seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	if text := os.Getenv("MATRIX_SAMPLE"); text != "" {
		o.sample, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	if text := os.Getenv("MATRIX_FAULT_SAMPLE"); text != "" {
		o.faultSample, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	if text := os.Getenv("SOAK_FOR"); text != "" {
		o.soak, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	return o
}

func (o options) random() *rand.Rand { return rand.New(rand.NewPCG(o.seed, 1)) } //nolint:gosec // a test
