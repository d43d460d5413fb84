package query

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/sandbox/defect"
)

// requireDamage asks once, and wants to hear of damage within the time that a
// look has.
func requireDamage(t *testing.T, s *served) {
	t.Helper()
	began := time.Now()
	w := s.get("")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.LessOrEqual(t, time.Since(began), lookWithin)
	out := s.body(w)
	assert.Equal(t, "storage_unavailable", out.Error)
	assert.Contains(t, out.Detail, "corruption")
	assert.Contains(t, out.Detail, "the catalog does not answer")
	assert.Empty(t, w.Header().Get("X-Fallback"))
}

func TestACatalogThatIsSilentOverADamagedFile(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		mend := s.damage("metadata/*.metadata.json")
		s.lake.mute.Store(true)
		requireDamage(t, s) // the first call already: none is answered from memory
		s.after(20 * time.Second)
		requireDamage(t, s)
		assert.False(t, s.storage.open(), "the store answers")
		assert.Contains(t, s.told().Damage, "corruption")
		require.ErrorContains(t, s.health(t.Context()), "corruption")

		s.lake.away.Store(true)
		s.after(7 * time.Second)
		assert.True(t, s.storage.open(), "the store is away, too")
		requireDamage(t, s)
		s.lake.away.Store(false)
		s.after(7 * time.Second)
		mend()
		s.after(time.Second)
		assert.NotEmpty(t, s.told().Damage, "nobody has seen the table yet")
		s.lake.mute.Store(false)
		s.after(15 * time.Second)
		assert.Empty(t, s.told().Damage)
		w := s.get("")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Empty(t, w.Header().Get("X-Fallback"))
		require.NoError(t, s.health(t.Context()))
	})
}

// A silent catalog over files that are well is away, and no more.
func TestACatalogThatIsSilentOverAWholeFile(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		s.lake.mute.Store(true)
		w := s.get("")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Equal(t, "true", w.Header().Get("X-Fallback"))
		s.after(6 * time.Second)
		assert.True(t, s.storage.open())
		assert.Empty(t, s.told().Damage)
		s.lake.mute.Store(false)
		s.after(8 * time.Second)
		assert.False(t, s.storage.open())
		assert.Empty(t, s.get("").Header().Get("X-Fallback"))
	})
}

// A file that breaks while the catalog is already late is seen by the same look.
func TestAFileThatBreaksUnderALook(t *testing.T) {
	inService(t, nil, func(t *testing.T, s *served) {
		t.Helper()
		s.lake.mute.Store(true)
		go func() {
			time.Sleep(lookWithin / 2)
			s.damage("metadata/*.metadata.json")
		}()
		requireDamage(t, s)
	})
}

func TestStaleMetadataServedOverASilentCatalog(t *testing.T) {
	inService(t, has(defect.StaleMetadataServed), func(t *testing.T, s *served) {
		t.Helper()
		s.damage("metadata/*.metadata.json")
		s.lake.mute.Store(true)
		w := s.get("")
		assert.Equal(t, http.StatusOK, w.Code)
		assert.Empty(t, w.Header().Get("X-Fallback"))
	})
}
