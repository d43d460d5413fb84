package control_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// shelf notes which books were opened and closed, in order.
type shelf struct {
	said []string
	full error
	of   control.Of
}

func (s *shelf) Begin(receipt, kind string, of control.Of) error {
	if s.full != nil {
		return s.full
	}
	s.said, s.of = append(s.said, "begin "+receipt+" "+kind), of
	return nil
}

func (s *shelf) End(receipt string) error {
	s.said = append(s.said, "end "+receipt)
	return nil
}

func TestBooksAreOpenAsLongAsAFaultIsInForce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		d, _ := desk(t, control.Config[rule.Rule]{Books: s})
		require.NoError(t, d.Put("asked", delay()))
		require.NoError(t, d.Put("asked", delay()))
		assert.Equal(t, control.Of{Experiment: delay().Experiment, Step: delay().Step}, s.of)
		require.NoError(t, d.Lift("asked"))
		require.NoError(t, d.Lift("never-there"))
		require.NoError(t, d.Put("silent", delay()))
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, []string{"begin asked kafka.delay", "end asked", "begin silent kafka.delay", "end silent"}, s.said)
	})
}

func TestAFaultWhoseBooksCannotBeKeptIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{Books: &shelf{full: errors.New("the disk is full")}})
		err := d.Put("r", delay())
		require.ErrorIs(t, err, faults.ErrRefused)
		require.ErrorContains(t, err, "the disk is full")
		require.ErrorContains(t, d.Static("kafka.delay delay=1s"), "the disk is full")
		assert.Empty(t, e.ids())
	})
}

func TestAProxyThatEndsClosesItsBooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		d := control.New(control.Config[rule.Rule]{Name: "kafka-proxy", Read: (&engine{}).read(false), Engine: &engine{}, BootID: "boot", Books: s})
		ctx, stop := context.WithCancel(t.Context())
		require.NoError(t, d.Static("kafka.delay delay=1s"))
		assert.Equal(t, control.Of{Experiment: "kafka-proxy", Step: "kafka-proxy"}, s.of)
		stop()
		d.Run(ctx)
		require.Len(t, s.said, 2)
		assert.Contains(t, s.said[1], "end static-1-")
	})
}

func TestFaultsMeetInTheOrderInWhichTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{})
		var want []string
		for _, id := range []string{"z", "m", "a", "k"} {
			require.NoError(t, d.Put(id, delay()))
			want = append(want, id)
		}
		require.NoError(t, d.Lift("m"))
		assert.Equal(t, slices.DeleteFunc(want, func(id string) bool { return id == "m" }), e.ids())
	})
}
