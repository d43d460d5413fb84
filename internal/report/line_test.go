package report_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/report"
)

func TestALineSaysWhatStays(t *testing.T) {
	gone := events.FaultRolledBack{Step: "new-field", Cause: events.Planned}
	assert.Equal(t, "step new-field: fault seen gone (planned)", report.Line(gone))
	gone.Stays = []string{"schema id 3 is used up"}
	assert.Equal(t, "step new-field: fault seen gone (planned); stays: schema id 3 is used up", report.Line(gone))
}
