package sources

import (
	"context"
	"sync"

	"github.com/k2-platform/faultline/internal/confluent"
	"github.com/k2-platform/faultline/projections/audit"
)

// registry is what the schema registry has of the topic's schemas, and what the
// records of a window name.
type registry struct{ *Compared }

// Versions implements checks.Registry.
func (r registry) Versions(ctx context.Context) ([]int32, error) {
	return r.registry.Versions(ctx, r.Books.Mapping.SubjectOf(r.Books.Topic))
}

// Used implements checks.Registry. It reads frames only, and nothing of the
// records.
func (r registry) Used(ctx context.Context) (map[int32]int64, error) {
	var mu sync.Mutex
	var all []map[int32]int64
	err := r.each(ctx, func() func(audit.Place, []byte) error {
		own := map[int32]int64{}
		mu.Lock()
		all = append(all, own)
		mu.Unlock()
		return func(_ audit.Place, value []byte) error {
			if confluent.Framed(value) {
				own[int32(confluent.ID(value))]++ //nolint:gosec // its 32 bits
			}
			return nil
		}
	})
	used := map[int32]int64{}
	for _, own := range all {
		for id, n := range own {
			used[id] += n
		}
	}
	return used, err
}
