package projections

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/lake"
)

func TestTablesAreThoseOfTheSet(t *testing.T) {
	l := openLake(t)
	s := openSet(t, l)
	for _, table := range s.all() {
		assert.Contains(t, Tables(), table.table())
	}
	assert.True(t, slices.IsSorted(Tables()))
}

// A table of somebody else's, also in our namespace, is left as it is.
func TestMaintainTouchesNoTableOfOthers(t *testing.T) {
	l := openLake(t)
	s := openSet(t, l)
	definition := func(namespace string) lake.Definition[ReadingRow] {
		d := readingTable()
		d.Namespace, d.Name = namespace, "notes"
		return d
	}
	snapshots := map[string]int64{}
	for _, namespace := range []string{Namespace, "market_data"} {
		theirs, err := lake.OpenTable(t.Context(), l, definition(namespace))
		require.NoError(t, err)
		at := lake.Watermark{}
		for i := range int64(6) {
			to := lake.Watermark{{Topic: topics().Readings}: i + 1}
			made, err := theirs.Append(t.Context(), rowsOf(i, i+1), at, to)
			require.NoError(t, err)
			at, snapshots[namespace] = to, made.ID
		}
	}
	for i := range int64(6) {
		s.Tick(Tick{Tick: tick(uint64(i+1), lagAt(int(i))), Topic: topics().Readings, Offset: i})
		require.NoError(t, s.Flush(t.Context(), nextOf(topics().Readings, i+1)))
	}
	before := contents(t, l, "readings", "seq", "metric", "value", "offset")
	all, err := Maintain(t.Context(), l, nil, lake.Upkeep{})
	require.NoError(t, err)
	merged := map[string]int{}
	for _, kept := range all {
		merged[kept.Table] = kept.Merged
	}
	assert.Equal(t, map[string]int{
		"chaos.readings": 6, "chaos.record_ledger": 0, "chaos.dlq_audit": 0, "chaos.events": 0, "chaos.experiments": 0, "chaos.faults": 0,
		"chaos.ground_truth": 0, "chaos.integrity_checks": 0, "chaos.verdicts": 0,
	}, merged)
	assert.Equal(t, before, contents(t, l, "readings", "seq", "metric", "value", "offset"))
	for namespace, id := range snapshots {
		info, err := l.Inspect(t.Context(), namespace, "notes")
		require.NoError(t, err)
		assert.Equal(t, id, info.ID, namespace)
	}
	_, err = Maintain(t.Context(), l, []string{"readings", "notes"}, lake.Upkeep{})
	require.ErrorIs(t, err, ErrNotOurs)
}

func TestMaintainOfALakeWithoutTables(t *testing.T) {
	all, err := Maintain(t.Context(), openLake(t), nil, lake.Upkeep{})
	require.NoError(t, err)
	assert.Empty(t, all)
}

func TestKeeperBeatsWhereItWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var did []time.Duration
		var standby atomic.Bool
		var said bytes.Buffer
		begun := time.Now()
		k := Keeper{
			Every: time.Hour, StandsBy: standby.Load, Log: slog.New(slog.NewTextHandler(&said, nil)),
			Do: func(context.Context) ([]lake.Kept, error) {
				did = append(did, time.Since(begun))
				return []lake.Kept{{Table: "chaos.events", Merged: 7}, {Table: "chaos.faults"}}, errors.New("bucket away")
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); k.Run(ctx) }()
		time.Sleep(150 * time.Minute)
		synctest.Wait()
		standby.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		standby.Store(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		cancel()
		<-done
		assert.Equal(t, []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour}, did)
		assert.Contains(t, said.String(), "table=chaos.events merged=7")
		assert.NotContains(t, said.String(), "chaos.faults", "nothing was done there")
		assert.Contains(t, said.String(), "bucket away")
		Keeper{}.Run(t.Context()) // never is at once
	})
}
