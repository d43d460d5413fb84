package query

import (
	"context"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/sandbox/defect"
)

func TestAnswersAreCheapWhileThereIsNoProcessorTime(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		assert.Len(t, s.body(s.get("?limit=20")).Data, 20)
		s.starved.Store(true)
		s.after(1100 * time.Millisecond)
		assert.False(t, s.told().Degraded, "one bad second is a hiccup")
		s.after(3 * time.Second)
		require.True(t, s.told().Degraded)
		w := s.get("?limit=20")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, "true", w.Header().Get("X-Degraded"))
		assert.Empty(t, w.Header().Get("X-Fallback"), "the store is there")
		out := s.body(w)
		assert.Len(t, out.Data, degradedLimit)
		assert.True(t, out.Meta.Degraded)
		assert.NotNil(t, out.Meta.Age)

		s.starved.Store(false)
		s.after(5 * time.Second)
		w = s.get("?limit=20")
		assert.Empty(t, w.Header().Get("X-Degraded"), "it recovers by itself")
		assert.Len(t, s.body(w).Data, 20)
	})
}

func TestSlowRecoveryStaysDegraded(t *testing.T) {
	inService(t, has(defect.SlowRecovery), func(t *testing.T, s *served) {
		t.Helper()
		s.starved.Store(true)
		s.after(5 * time.Second)
		s.starved.Store(false)
		s.after(3 * time.Minute)
		assert.Equal(t, "true", s.get("").Header().Get("X-Degraded"))
	})
}

func TestDamageIsSaidWhileThereIsNoProcessorTime(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		s.starved.Store(true)
		s.after(5 * time.Second)
		s.damage("metadata/*.metadata.json")
		s.after(3 * time.Second)
		w := s.get("")
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "storage_unavailable", s.body(w).Error)
	})
}

func TestWhoFindsNoPlaceIsToldSoonAndTheOthersAreAnswered(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		for range mostAtOnce {
			require.NoError(t, s.gate.enter(context.Background()))
		}
		began := time.Now()
		w := s.get("")
		assert.Equal(t, waitInLine, time.Since(began))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "overloaded", s.body(w).Error)
		assert.Equal(t, "1", w.Header().Get("Retry-After"))
		s.gate.leave()
		assert.Equal(t, http.StatusOK, s.get("").Code)
	})
}

func TestSlowAnswersAreCheapSoon(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		for range 3 {
			s.strain.answered(10 * time.Millisecond)
			s.strain.answered(3 * time.Second)
			s.after(time.Second)
		}
		require.True(t, s.told().Degraded)
		s.after(5 * time.Second)
		require.False(t, s.told().Degraded)
	})
}

func TestAStoreThatIsAwayIsNoStrain(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		s.lake.away.Store(true)
		for range 20 { // each waits until the breaker opens, and is answered from memory
			s.get("")
			s.after(200 * time.Millisecond)
			assert.False(t, s.told().Degraded)
		}
	})
}

func TestAQuotaThatCannotBeReadIsNoStrain(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		n := int64(0)
		s.quota.Store(func() (int64, time.Duration, error) {
			n += 1000
			if n%3000 == 0 {
				return 0, period, nil // another quota counts from now on
			}
			return n, period, os.ErrPermission
		})
		s.after(10 * time.Second)
		assert.False(t, s.told().Degraded)
	})
}

func TestOwnThrottlingIsThatOfTheNearestQuota(t *testing.T) {
	_, each, err := ownThrottling()
	require.NoError(t, err, "a machine without groups has none")
	assert.GreaterOrEqual(t, each, time.Duration(0))
}
