package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/settings"
)

// TestALifeFromACheckpointIsLikeOneFromTheLog: three lives know of the first
// experiment what the first one does, by the checkpoint and, once that is
// damaged, by the log.
func TestALifeFromACheckpointIsLikeOneFromTheLog(t *testing.T) {
	var said bytes.Buffer
	l := newLife(t)
	l.log = slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})
	l.up()
	b := l.open()
	l.send(b, "1", "first", commands.Schedule{Document: control()})
	assert.Equal(t, events.Upheld, l.await(b, "first", over).Verdict)
	require.NoError(t, b.Close())
	l.awaitRows(1, "verdicts", "experiment", "first")
	l.down()
	file := filepath.Join(l.home, "checkpoint")
	for life := range 2 {
		text, err := os.ReadFile(file)
		require.NoError(t, err, "a clean end leaves a checkpoint")
		damaged := life == 1
		if damaged {
			require.NoError(t, os.WriteFile(file, text[:len(text)/2], 0o600))
		}
		said.Reset()
		l.up()
		b := l.open()
		id := fmt.Sprintf("late/%d", life)
		l.send(b, "1", "first", commands.Schedule{Document: control()}) // handled long ago
		l.send(b, id, "first", commands.Note{Kind: events.Finding, Text: "seen again"})
		s := l.await(b, "first", func(s experiment.State) bool { return s.Handled(id) })
		assert.Len(t, s.Notes, life+1)
		at, err := settings.Load("", l.home)
		require.NoError(t, err)
		at, err = at.Find()
		require.NoError(t, err)
		assert.Contains(t, get(t, "http://"+at.HTTP.Addr+"/metrics"), `faultline_experiments_total{verdict="upheld"} 1`)
		require.NoError(t, b.Close())
		l.awaitRows(life+1, "events", "type", "io.faultline.note.added.v1")
		l.down()
		assert.Equal(t, damaged, strings.Contains(said.String(), "leaving the checkpoint alone"), said.String())
		assert.Equal(t, !damaged, strings.Contains(said.String(), "began with a checkpoint"), said.String())
	}
	assert.Equal(t, 1, l.rows("verdicts", "experiment", "first"))
	assert.Equal(t, 0, l.rows("events", "type", "io.faultline.command.refused.v1"), "a command that was handled causes nothing")
}

// awaitRows waits until a table has so many rows.
func (l *life) awaitRows(n int, table, column, value string) {
	l.t.Helper()
	require.Eventually(l.t, func() bool { return l.rows(table, column, value) == n }, time.Minute, 100*time.Millisecond)
}
