package checks

import "sync"

// shares are what each reader of a side collects for itself. Read all of them
// once the readers are done. The zero value has none.
type shares[T any] struct {
	mu  sync.Mutex
	all []T
}

// own takes the share of one more reader.
func (s *shares[T]) own(share T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, share)
	return share
}
