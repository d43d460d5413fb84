package pause_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/internal/pause"
)

func TestAPauseEndsInTimeOrWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		assert.True(t, pause.For(t.Context(), time.Minute))
		assert.Equal(t, time.Minute, time.Since(began))
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		assert.False(t, pause.For(ctx, time.Minute))
		assert.Equal(t, time.Minute+time.Second, time.Since(began))
	})
}
