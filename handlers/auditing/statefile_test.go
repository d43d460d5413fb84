package auditing_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
)

// TestAnAuditGoesOnWhereItsStateCannotBeKept, as on a disk that is full.
func TestAnAuditGoesOnWhereItsStateCannotBeKept(t *testing.T) {
	x := newLab(t, true)
	x.send(100, begin())
	x.sink(faithful)
	var told []error
	o := auditing.Options{Wait: time.Second, Store: auditing.Spare{
		Store: auditing.StateFile(filepath.Join(t.TempDir(), "gone", "audit.state")), Told: func(err error) { told = append(told, err) },
	}}
	r, err := auditing.Once(t.Context(), x.platform(), begin().Add(-time.Minute), time.Now(), o)
	require.NoError(t, err)
	assert.Equal(t, events.Holds, r.Answer(), r.Why())
	require.NotEmpty(t, told)
	assert.ErrorContains(t, told[0], "audit.state")
}
