package relay

import "sync"

// maxTopics bounds what a broker that lies can make the proxy keep.
const maxTopics = 1 << 16

// topics keeps the names of topics by their ids, as metadata told them.
type topics struct {
	mu sync.RWMutex
	of map[[16]byte]string
}

func (t *topics) learn(name string, id [16]byte) {
	t.mu.RLock()
	known, ok := t.of[id]
	t.mu.RUnlock()
	if (ok && known == name) || id == [16]byte{} {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil || len(t.of) >= maxTopics {
		t.of = make(map[[16]byte]string) // clients ask for metadata again
	}
	t.of[id] = name
}

func (t *topics) name(id [16]byte) (string, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	name, ok := t.of[id]
	return name, ok
}
