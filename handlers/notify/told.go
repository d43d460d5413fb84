package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/k2-platform/faultline/internal/process"
)

// stuckKept is how long it is kept that a stuck fault was told of. One that
// is stuck for longer is worth telling again.
const stuckKept = 30 * 24 * time.Hour

// told is what one URL has been told, on disk. It holds what a later life
// could take for news, and no more.
type told struct {
	path string
	mu   sync.Mutex
	at   map[string]time.Time // of the event, by the message's key
}

// openTold reads what an earlier life told. It can be used after an error,
// as if nothing had been told.
func openTold(dir, id string) (*told, error) {
	t := &told{path: filepath.Join(dir, id+".json"), at: map[string]time.Time{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return t, fmt.Errorf("making the folder of notifications: %w", err)
	}
	text, err := os.ReadFile(t.path)
	if errors.Is(err, os.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("reading what was notified of: %w", err)
	}
	if err := json.Unmarshal(text, &t.at); err != nil {
		t.at = map[string]time.Time{}
		return t, fmt.Errorf("reading what was notified of in %s: %w", t.path, err)
	}
	return t, nil
}

func (t *told) has(m Message) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.at[m.key()]
	return ok
}

// add returns once it is on disk. The lock is not held meanwhile: has is
// called under the log's lock.
func (t *told) add(m Message) error {
	now := time.Now()
	t.mu.Lock()
	t.at[m.key()] = m.At
	maps.DeleteFunc(t.at, func(key string, at time.Time) bool {
		if strings.HasSuffix(key, "/"+string(Stuck)) {
			return now.Sub(at) > stuckKept
		}
		return now.Sub(at) > staleAfter
	})
	text, err := json.MarshalIndent(t.at, "", "  ")
	t.mu.Unlock()
	if err != nil {
		return fmt.Errorf("noting what was notified of: %w", err)
	}
	return process.WriteFile(t.path, text, 0o600)
}
