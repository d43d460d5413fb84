package handlers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/spec"
)

func batch(id spec.ExperimentID, version uint64, e events.Event) events.Batch {
	return events.Batch{
		Experiment: id, Version: version, Cause: fmt.Sprintf("%s/%d", id, version),
		At: time.Unix(int64(version), 0).UTC(), Events: []events.Event{e},
	}
}

func TestLeanLogKeepsWhatDecides(t *testing.T) {
	l := &handlers.Log{Lean: true}
	var heard []experiment.State
	l.Listen(func(a handlers.Accepted) { heard = append(heard, a.State) })
	title := spec.Document{Title: "a title", Steps: []spec.Step{{ID: "s"}}}
	for _, b := range []events.Batch{
		batch("over", 1, events.ExperimentScheduled{Document: title}),
		batch("live", 1, events.ExperimentScheduled{Document: title}),
		batch("over", 2, events.Concluded{Verdict: events.Upheld, Reasons: []string{"why"}}),
	} {
		require.True(t, l.Apply(b, handlers.Place{}))
	}
	assert.Equal(t, []string{"why"}, heard[2].Reasons, "who listens gets the whole")
	assert.Equal(t, "a title", l.State("live").Document.Title)
	over := l.State("over")
	assert.Equal(t, experiment.Concluded, over.Phase)
	assert.Empty(t, over.Document.Title)
	assert.True(t, over.Handled("over/1") && over.Handled("over/2"))
	assert.False(t, l.Apply(batch("over", 2, events.NoteAdded{}), handlers.Place{}), "a version that does not follow")
	assert.True(t, l.Apply(batch("over", 3, events.NoteAdded{}), handlers.Place{}))
}

func TestManyBatchesAreReadInOrder(t *testing.T) {
	const n = 1001 // no multiple of any share
	records := make([]bus.Record, n)
	for i := range records {
		event, err := events.EncodeBatch(batch("x", uint64(i+1), events.NoteAdded{Text: "n"}), "")
		require.NoError(t, err)
		records[i] = bus.Record{Key: []byte("x"), Value: event.Data, Headers: event.Headers()}
	}
	records[500].Value = []byte("{")
	reader := handlers.NewBatchReader()
	read := reader.ReadAll(records)
	require.Len(t, read, n)
	for i, r := range read {
		if i == 500 {
			require.Error(t, r.Err)
			continue
		}
		require.NoError(t, r.Err)
		require.Equal(t, uint64(i+1), r.Batch.Version)
	}
	assert.Empty(t, reader.ReadAll(nil))
}
