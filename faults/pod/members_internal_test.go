package pod

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/internal/process"
)

// Pids are given anew once they are used up: the first process of a container
// may have the highest.
func TestTheOldestBeganFirst(t *testing.T) {
	r := func(pid int, started string) process.Record { return process.Record{PID: pid, StartTime: started} }
	assert.Equal(t, 9, oldest([]process.Record{r(2, "100"), r(9, "99"), r(3, "101")}).PID)
	assert.Equal(t, 2, oldest([]process.Record{r(3, "99"), r(2, "99")}).PID, "of the same tick")
}
