package sources

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/projections/audit"
	"github.com/k2-platform/faultline/projections/mapping"
)

// Formers reads records by a mapping.
func Formers(m *mapping.Mapping) func() audit.Former {
	return func() audit.Former { return &former{mapping: m} }
}

type former struct {
	mapping *mapping.Mapping
	forms   mapping.Forms
}

// Forms implements audit.Former.
func (f *former) Forms(ctx context.Context, value []byte) (audit.Forms, error) {
	err := f.mapping.Record(ctx, &f.forms, value)
	if errors.Is(err, mapping.ErrRegistryAway) {
		return audit.Forms{}, fmt.Errorf("%w: %w", audit.ErrAway, err)
	}
	return audit.Forms{Key: f.forms.Key, Values: f.forms.Values}, err
}
