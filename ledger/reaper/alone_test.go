package reaper_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger/reaper"
)

func TestAloneItUndoesWhatADeadAgentLeft(t *testing.T) {
	bubble(t, func(b *bench) {
		b.put("a", time.Hour)
		b.config.Once = true
		if err := reaper.Run(b.t.Context(), b.config); err != nil {
			b.t.Error(err)
		}
		b.gone("a")
	})
}

func TestAloneItLeavesWhatAnAgentThatRunsLooksAfter(t *testing.T) {
	bubble(t, func(b *bench) {
		self, err := process.Self("agent", "")
		if err != nil {
			b.t.Fatal(err)
		}
		b.config.Agent, b.config.Once = self, true
		b.put("a", time.Hour)
		b.put("overdue", -time.Second)
		if err := b.ledger.Put(b.t.Context(), faults.Receipt{ID: "another boot", BootID: "b", Expires: 2 * start}); err != nil {
			b.t.Fatal(err)
		}
		if err := reaper.Run(b.t.Context(), b.config); err != nil {
			b.t.Error(err)
		}
		b.gone("another boot", "overdue")
		b.told("another boot", "agent_restart", "started anew")
	})
}

func TestAloneItGoesOnEnforcing(t *testing.T) {
	bubble(t, func(b *bench) {
		ctx, stop := context.WithCancel(b.t.Context())
		go func() { b.ended <- reaper.Run(ctx, b.config) }()
		time.Sleep(time.Second)
		b.put("short", time.Second)
		b.put("long", time.Hour)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		b.gone("short")
		stop()
		if err := <-b.ended; err == nil || !strings.Contains(err.Error(), "1 faults are still in place") {
			b.t.Errorf("got %v: it must say what it leaves", err)
		}
	})
}
