package force

import (
	"sync"
	"time"
)

// held are the fetched records that come later. One is drawn when it is first
// seen, by whichever client, and is there for all of them at one time; records
// behind it in its partition come after it. The zero value holds none.
type held struct {
	mu    sync.Mutex
	parts map[topicPartition]*heldPart
	count int
}

// heldMost bounds how many records are held; more come at once.
const heldMost = 100_000

type topicPartition struct {
	topic     string
	partition int32
}

type heldPart struct {
	drawn int64               // offsets below were drawn
	until map[int64]time.Time // of those that are held
}

// fresh says whether a record has not been drawn yet, and counts it as drawn.
func (h *held) fresh(p topicPartition, offset int64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.part(p)
	if offset < at.drawn {
		return false
	}
	at.drawn = offset + 1
	return true
}

func (h *held) part(p topicPartition) *heldPart {
	if h.parts == nil {
		h.parts = map[topicPartition]*heldPart{}
	}
	at := h.parts[p]
	if at == nil {
		at = &heldPart{until: map[int64]time.Time{}}
		h.parts[p] = at
	}
	return at
}

// keep holds a record until a time; false: there are too many.
func (h *held) keep(p topicPartition, offset int64, until time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= heldMost {
		return false
	}
	h.part(p).until[offset] = until
	h.count++
	return true
}

// first is the first record from an offset on that is held at a time, and
// when it comes. What has come is forgotten.
func (h *held) first(p topicPartition, from int64, now, at time.Time) (offset int64, until time.Time, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for o, t := range h.part(p).until {
		switch {
		case !t.After(now):
			delete(h.parts[p].until, o)
			h.count--
		case o >= from && t.After(at) && (!ok || o < offset):
			offset, until, ok = o, t, true
		}
	}
	return offset, until, ok
}
