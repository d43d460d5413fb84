package shape

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// Delays draws how long things wait. It is made by NewDelays, and safe for
// concurrent use.
type Delays struct {
	mu   sync.Mutex
	dice *rand.Rand
}

// NewDelays draws from a seed: the same one draws the same.
func NewDelays(seed uint64) *Delays {
	return &Delays{dice: rand.New(rand.NewPCG(seed, 0xD1B54A32D192ED03))} //nolint:gosec // a fault that can be repeated, no secret
}

// Draw gives one wait, never below zero. With p99 it is log-normal: its
// logarithm is normal about that of the median, and the 99th percentile of
// the standard normal distribution is 2.326.
func (d *Delays) Draw(delay, jitter, p99 time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case p99 > delay && delay > 0:
		sigma := math.Log(float64(p99)/float64(delay)) / 2.3263478740408408
		return time.Duration(float64(delay) * math.Exp(sigma*d.dice.NormFloat64()))
	case jitter > 0:
		return max(0, delay+time.Duration((2*d.dice.Float64()-1)*float64(jitter)))
	}
	return delay
}
