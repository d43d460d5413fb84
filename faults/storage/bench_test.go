package storage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkInjectAndRollBack tells p50 and p99 of both, plan apart.
func BenchmarkInjectAndRollBack(b *testing.B) {
	endpoint, _ := s3Server(b, nil)
	for _, name := range []string{"metadata truncate", "manifest_list flip", "manifest flip", "data remove", "pointer old", "pointer orphan"} {
		for where, a := range map[string]aLake{"local": localLake(b.TempDir(), "sql"), "s3": s3Lake(b.TempDir(), endpoint)} {
			b.Run(name+" "+where, func(b *testing.B) {
				f := tried(b, a, ways()[name])
				found, err := a.rows(b.Context())
				if err != nil || len(found) == 0 {
					require.NoError(b, a.filled(b.Context(), 10))
				}
				var inject, rollBack []time.Duration
				for b.Loop() {
					r := f.plan()
					at := time.Now()
					require.NoError(b, f.driver.Inject(b.Context(), r))
					inject = append(inject, time.Since(at))
					at = time.Now()
					require.NoError(b, f.driver.Rollback(b.Context(), r))
					rollBack = append(rollBack, time.Since(at))
				}
				for what, all := range map[string][]time.Duration{"inject": inject, "rollback": rollBack} {
					slices.Sort(all)
					b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, what+"-p50-ms")
					b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, what+"-p99-ms")
				}
			})
		}
	}
}
