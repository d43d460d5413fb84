package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/store"
)

// ownStore is what the warehouse is called that lies in the sandbox's store.
const ownStore = "store"

var errNoStore = errors.New("the sandbox's store does not run here; start it with faultline sandbox up, or name another warehouse")

// lakeOf is the lake that the settings name.
func lakeOf(s settings.Settings) (lake.Config, error) {
	l := lake.Config(s.LakeOrDefault())
	if l.Warehouse != ownStore {
		return l, nil
	}
	at, err := process.Read(service.RecordPath(s.Home, store.Name))
	if err != nil && !errors.Is(err, process.ErrNoRecord) {
		return l, fmt.Errorf("finding the warehouse: %w", err)
	}
	if err != nil || !at.Alive() {
		return l, errNoStore
	}
	properties := map[string]string{
		"s3.endpoint": "http://" + at.Addr, "s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
		"s3.access-key-id": "sandbox", "s3.secret-access-key": "sandbox", // it checks none, but clients want some
	}
	maps.Copy(properties, l.Properties)
	l.Warehouse, l.Properties = "s3://"+store.Bucket+"/lake", properties
	return l, nil
}

// awaitLake gives a sandbox that is just starting time to have a store.
func awaitLake(ctx context.Context, s settings.Settings) (lake.Config, error) {
	ctx, cancel := context.WithTimeout(ctx, demoReady/2)
	defer cancel()
	for {
		l, err := lakeOf(s)
		if !errors.Is(err, errNoStore) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return l, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
