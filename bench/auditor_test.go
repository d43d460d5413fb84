package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/registry"
	services "github.com/k2-platform/faultline/sandbox/service"
)

// TestTheAuditorFindsWhatWasPlanted: a figure of an auditor that finds
// something else is worth nothing.
func TestTheAuditorFindsWhatWasPlanted(t *testing.T) {
	b, home := withoutServers(t)
	ctx, end := context.WithCancel(t.Context())
	var schemas errgroup.Group
	schemas.Go(func() error { return registry.Run(ctx, registry.Config{Home: home}) })
	defer func() {
		end()
		require.NoError(t, schemas.Wait())
	}()
	require.Eventually(t, func() bool {
		_, err := os.Stat(services.RecordPath(home, registry.Name))
		return err == nil
	}, 30*time.Second, 10*time.Millisecond)
	record, err := process.Read(services.RecordPath(home, registry.Name))
	require.NoError(t, err)

	c, err := b.makeCorpus(ctx, record.Addr, 5000)
	require.NoError(t, err)
	got, err := errand{Brokers: b.brokers, Lake: b.shelf.Lake, Topic: c.Topic, Table: c.Table, Registry: c.Registry}.find(ctx)
	require.NoError(t, err)
	assert.Equal(t, c.found(), got.counts())
	assert.Positive(t, got.Log)
	assert.Positive(t, got.Table)
}
