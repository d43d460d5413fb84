package checkpoint

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/handlers"
)

// saves runs a keeper until the test ends; there says whether it has saved.
func saves(t *testing.T, l *fakeLog, log *handlers.Log, covered func(context.Context, map[int32]int64) error) (there func() bool) {
	t.Helper()
	k, _ := keeper(l, t.TempDir())
	k.Resume(t.Context(), log)
	l.fold(t, log)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { k.Run(ctx, log, covered); close(ended) }()
	t.Cleanup(func() { stop(); <-ended })
	return func() bool {
		synctest.Wait()
		_, err := os.Stat(k.Path)
		return err == nil
	}
}

func TestALongTailIsSavedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog(1)
		for range many {
			l.put(0, "k", nil, []byte("no batch"))
		}
		there := saves(t, l, &handlers.Log{Lean: true}, nothingElse)
		assert.True(t, there())
	})
}

func TestAFewRecordsAreSavedAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := saves(t, short(t), &handlers.Log{Lean: true}, nothingElse)
		time.Sleep(age - look)
		assert.False(t, there())
		time.Sleep(2 * look)
		assert.True(t, there())
	})
}

func TestWhatWasNotSavedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		there := saves(t, short(t), &handlers.Log{Lean: true}, func(context.Context, map[int32]int64) error {
			if tries++; tries < 3 {
				return errors.New("catalog away")
			}
			return nil
		})
		time.Sleep(4 * age)
		assert.True(t, there())
		assert.Equal(t, 3, tries, "and then there is nothing to save")
	})
}

// TestTheFoldGoesOnWhileTablesAreWaitedFor: a checkpoint is of the moment at
// which it was begun, and holds nobody up.
func TestTheFoldGoesOnWhileTablesAreWaitedFor(t *testing.T) {
	l, dir := short(t), t.TempDir()
	k, _ := keeper(l, dir)
	log := &handlers.Log{Lean: true}
	k.Resume(t.Context(), log)
	part := l.until(3)
	part.fold(t, log)
	before := log.All()
	require.NoError(t, k.Save(t.Context(), log, func(context.Context, map[int32]int64) error {
		l.fold(t, log)
		return nil
	}))
	again := &handlers.Log{Lean: true}
	s, ok := k.Resume(t.Context(), again)
	require.True(t, ok)
	assert.Equal(t, int64(3), s.Records())
	assert.Equal(t, before, again.All())
}
