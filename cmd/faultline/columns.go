package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/faults/storage/catalog"
	"github.com/k2-platform/faultline/faults/storage/iceberg"
	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/projections/mapping"
	"github.com/k2-platform/faultline/spec"
)

// mostMetadata is how much of a table's metadata is read, in bytes.
const mostMetadata = 1 << 28

// ownLake is the lake of the settings.
func (w *where) ownLake() (spec.Catalog, error) {
	s, err := w.settings()
	if err != nil {
		return spec.Catalog{}, err
	}
	return lakeOf(s)
}

// tableColumns reads the columns of a table with the thin reader, which needs no
// daemon: catalog.ErrNoTable.
func tableColumns(ctx context.Context, own func() (spec.Catalog, error), namespace, name string) (_ []mapping.Column, err error) {
	at, err := own()
	if err != nil {
		return nil, err
	}
	c, err := catalog.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	location, err := c.Pointer(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	store, err := object.Of(location, "", at.Store)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	raw, err := object.Load(ctx, store, location, mostMetadata)
	if err != nil {
		return nil, err
	}
	m, err := iceberg.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", location, err)
	}
	found := m.Columns()
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: it has no columns", location)
	}
	columns := make([]mapping.Column, len(found))
	for i, f := range found {
		columns[i] = mapping.Column{Name: f.Name, Type: mapping.ParseType(f.Type)}
	}
	return columns, nil
}
