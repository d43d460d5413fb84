package main

import (
	"context"
	"log/slog"

	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections"
)

// openTables opens the projections of the chaos log.
func openTables(ctx context.Context, b *bus.Bus, l *lake.Lake, log *slog.Logger) (*projections.Follower, error) {
	topics := b.Topics()
	set, err := projections.Open(ctx, l, projections.Topics{Events: topics.Events, Readings: topics.Readings, GroundTruth: topics.GroundTruth, RecordLedger: topics.RecordLedger})
	if err != nil {
		return nil, err
	}
	return projections.NewFollower(b, set, projections.Options{Log: log}), nil
}
