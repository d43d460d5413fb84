package sink

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/lake"
)

func TestACoordinatorThatStandsStillHoldsUpNoTrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shown
		goesOn, commits := make(chan struct{}), atomic.Int64{}
		commit := func(context.Context) error {
			commits.Add(1)
			<-goesOn
			return nil
		}
		began := time.Now()
		for range 20 {
			s.tell(t.Context(), commit)
		}
		assert.Equal(t, tellWithin, time.Since(began), "it is waited for once")
		assert.EqualValues(t, 1, commits.Load(), "and asked once")
		assert.True(t, s.behind)

		close(goesOn)
		synctest.Wait()
		s.tell(t.Context(), commit)
		assert.EqualValues(t, 2, commits.Load(), "what it knows is of before")
		assert.False(t, s.behind)

		s.tell(t.Context(), func(context.Context) error { return errors.New("another one coordinates") })
		assert.True(t, s.behind, "it is told again")
		s.tell(t.Context(), commit)
		assert.False(t, s.behind)
		s.settle()
	})
}

// TestAClientThatIsClosedLeavesNoCommit has a broker that takes connections
// and answers nothing, as one that is paused does.
func TestAClientThatIsClosedLeavesNoCommit(t *testing.T) {
	paused, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // its backlog takes them
	require.NoError(t, err)
	defer func() { require.NoError(t, paused.Close()) }()
	cl, err := kgo.NewClient(kgo.SeedBrokers(paused.Addr().String()))
	require.NoError(t, err)
	var s shown
	s.tell(t.Context(), committing(cl, lake.Watermark{{Topic: "t", Partition: 0}: 7}))
	assert.True(t, s.behind)
	cl.Close()
	s.settle()
}
