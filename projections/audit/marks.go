package audit

// pageBits is how many offsets a page of marks has: 8 KiB of memory.
const pageBits = 1 << 16

// marks are places of the log, at one bit each where there are any. The zero
// value has none. Reading and writing may go on at once.
type marks struct {
	pages map[Place]*[pageBits / 64]uint64 // by partition and first offset
	n     int64
}

func page(at Place) (Place, int, uint64) {
	bit := at.Offset % pageBits
	return Place{at.Partition, at.Offset - bit}, int(bit / 64), 1 << (bit % 64)
}

// set marks a place, and says whether it was not yet.
func (m *marks) set(at Place) bool {
	if at.Offset < 0 {
		return false
	}
	key, word, bit := page(at)
	if m.pages == nil {
		m.pages = map[Place]*[pageBits / 64]uint64{}
	}
	p := m.pages[key]
	if p == nil {
		p = &[pageBits / 64]uint64{}
		m.pages[key] = p
	}
	fresh := p[word]&bit == 0
	p[word] |= bit
	if fresh {
		m.n++
	}
	return fresh
}

func (m *marks) has(at Place) bool {
	if m.n == 0 || at.Offset < 0 {
		return false
	}
	key, word, bit := page(at)
	p := m.pages[key]
	return p != nil && p[word]&bit != 0
}
