package report

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/events"
)

func TestChecksThatDoNotHoldAreNamed(t *testing.T) {
	all := []events.IntegrityCheck{{Check: "a", Answer: events.Holds}, {Check: "b"}, {Check: "c", Answer: events.Violated}, {Check: "d", Answer: events.Violated}}
	assert.Equal(t, "1 of 4 hold; violated: c, d; unknown: b", checks(all))
	assert.Equal(t, "1 of 1 hold", checks(all[:1]))
}
