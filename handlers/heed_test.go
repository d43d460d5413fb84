package handlers_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

func TestTheLogHearsOfWhatAnOperatorStopped(t *testing.T) {
	var kept []commands.Envelope
	h := handlers.Heeder{
		Live: func() []experiment.State { return []experiment.State{{ID: "a"}, {ID: "b"}} },
		Keep: func(_ context.Context, e commands.Envelope) error { kept = append(kept, e); return nil },
		Log:  slog.New(slog.DiscardHandler),
	}
	told := func(o halt.Order) []spec.ExperimentID {
		kept = nil
		h.Heed(t.Context(), o)
		var ids []spec.ExperimentID
		for _, e := range kept {
			ids = append(ids, e.Experiment)
			assert.Equal(t, commands.Halt{Order: o.ID, Why: o.Why}, e.Command)
			assert.Equal(t, o.By, e.By)
			assert.False(t, e.At.IsZero())
		}
		return ids
	}
	assert.Equal(t, []spec.ExperimentID{"a", "b"}, told(halt.Order{ID: "1", Cause: halt.ByOperator, By: "me", Why: "enough"}))
	assert.Equal(t, "1/b", kept[1].ID, "the same order is the same command, whoever hears it")
	assert.Equal(t, []spec.ExperimentID{"b"}, told(halt.Order{ID: "2", Experiment: "b", Cause: halt.ByOperator, By: "me"}))
	assert.Empty(t, told(halt.Order{ID: "3", Experiment: "c", Cause: halt.ByOperator}))
	assert.Empty(t, told(halt.Order{ID: "4", Cause: halt.ByTrigger}), "its conductor tells")
}
