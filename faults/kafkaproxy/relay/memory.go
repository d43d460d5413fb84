package relay

import "sync"

// memory is what large frames are read into, for the next of them: to make it
// anew for each, and to collect it, costs more than all else that is done to
// them. The zero value is ready.
type memory struct{ free sync.Pool }

// take gives some, or nil where there is none.
func (m *memory) take() []byte {
	if b, ok := m.free.Get().(*[]byte); ok {
		return *b
	}
	return nil
}

// give takes back what nobody reads any more.
func (m *memory) give(b []byte) {
	if cap(b) >= largeBuffer {
		m.free.Put(&b)
	}
}
