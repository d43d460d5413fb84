package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
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

// tellWarehouse says to pipelines on the same state folder where the tables
// are, if that is not where they would look.
func tellWarehouse(home string, f serviceLake) error {
	s, err := f.settings(home)
	if err != nil {
		return err
	}
	note := settings.WarehouseNote(home)
	if s.Lake.Warehouse != ownStore { // which is what the flags and the settings say
		err = os.Remove(note)
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	} else if err = os.MkdirAll(filepath.Dir(note), 0o750); err == nil {
		err = os.WriteFile(note, []byte(ownStore), 0o600)
	}
	if err != nil {
		return fmt.Errorf("telling pipelines where the tables are: %w", err)
	}
	return nil
}

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
	properties := store.Properties(at.Addr)
	maps.Copy(properties, l.Properties)
	l.Warehouse, l.Properties = "s3://"+store.Bucket+"/lake", properties
	return l, nil
}

// openLake opens it; the caller closes it.
func openLake(ctx context.Context, s settings.Settings) (*lake.Lake, error) {
	at, err := lakeOf(s)
	if err != nil {
		return nil, err
	}
	return lake.Open(ctx, at)
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
