package bus

import (
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
)

// calmFor is how long the same complaint is not repeated. While its broker is
// away the client complains for every partition, several times a second.
const calmFor = 30 * time.Second

// calm hands a log on, of equal errors one each half minute.
type calm struct {
	watermill.LoggerAdapter
	said *said
}

type said struct {
	mu sync.Mutex
	at map[string]time.Time
}

func newCalm(l watermill.LoggerAdapter) calm {
	return calm{LoggerAdapter: l, said: &said{at: map[string]time.Time{}}}
}

// Error implements watermill.LoggerAdapter. What is left out is told as Debug.
func (c calm) Error(msg string, err error, fields watermill.LogFields) {
	if c.said.lately(msg, time.Now()) {
		c.Debug(msg, fields.Add(watermill.LogFields{"error": err}))
		return
	}
	c.LoggerAdapter.Error(msg, err, fields)
}

// With implements watermill.LoggerAdapter.
func (c calm) With(fields watermill.LogFields) watermill.LoggerAdapter {
	return calm{LoggerAdapter: c.LoggerAdapter.With(fields), said: c.said}
}

func (s *said) lately(msg string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.at[msg]; ok && now.Sub(at) < calmFor {
		return true
	}
	s.at[msg] = now
	return false
}
