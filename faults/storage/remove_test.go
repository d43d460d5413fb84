package storage

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
)

// TestAFolderGoesThatOthersClaim: they come in between while it is emptied.
func TestAFolderGoesThatOthersClaim(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "copies")
	u := &work{undo: undo{copies: folder}}
	for range 50 {
		release, err := u.claim(t.Context())
		require.NoError(t, err)
		done := make(chan struct{})
		var others sync.WaitGroup
		for range 2 {
			others.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					if release, err := process.Claim(filepath.Join(folder, lockFile), Kind); err == nil {
						assert.NoError(t, release())
					}
				}
			})
		}
		err = errors.Join(removed(t.Context(), folder), release())
		close(done)
		others.Wait()
		require.NoError(t, err)
		require.NoDirExists(t, folder)
	}
}
