package ingest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/sandbox/defect"
)

func TestSheddingHasTwoThresholds(t *testing.T) {
	var p pressure
	for _, step := range []struct {
		used, limit int64
		want        bool
	}{
		{79, 100, false},
		{80, 100, true},
		{70, 100, true}, // not yet
		{69, 100, false},
		{75, 100, false}, // not again
		{95, 100, true},
		{95, 0, false}, // the limit was lifted
	} {
		p.see(step.used, step.limit)
		assert.Equal(t, step.want, p.on(), "%d of %d", step.used, step.limit)
	}
}

func TestMemoryIsWatchedUntilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pressure
		ctx, end := context.WithCancel(t.Context())
		done := make(chan struct{})
		var mu sync.Mutex
		used, problem := int64(90), error(nil)
		set := func(n int64, err error) {
			mu.Lock()
			defer mu.Unlock()
			used, problem = n, err
		}
		go func() {
			defer close(done)
			p.watch(ctx, func() (int64, int64, error) {
				mu.Lock()
				defer mu.Unlock()
				return used, 100, problem
			})
		}()
		synctest.Wait()
		assert.True(t, p.on())
		set(0, errors.New("not to be read"))
		time.Sleep(time.Second)
		assert.True(t, p.on(), "what is not known is no end of it")
		set(10, nil)
		time.Sleep(time.Second)
		assert.False(t, p.on())
		end()
		<-done
	})
}

func TestWhoIsShed(t *testing.T) {
	for name, c := range map[string]struct {
		short        bool
		defects      defect.Set
		high, normal bool
	}{
		"memory is there":                  {false, nil, false, false},
		"memory is short":                  {true, nil, false, true},
		"shed-everything":                  {true, defect.Set{defect.ShedEverything}, true, true},
		"shed-everything, memory is there": {false, defect.Set{defect.ShedEverything}, false, false},
	} {
		p := &player{cfg: Config{Defects: c.defects, High: highSymbols()}}
		p.pressure.short.Store(c.short)
		assert.Equal(t, c.high, p.sheds(p.cfg.priority("BHP")), name)
		assert.Equal(t, c.normal, p.sheds(p.cfg.priority("RIO")), name)
	}
}
