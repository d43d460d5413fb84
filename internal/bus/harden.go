package bus

import (
	"context"
	"math"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/k2-platform/faultline/internal/bus/poison"
)

// Defaults of HardenConfig.
const (
	DefaultRetryFor       = 15 * time.Second
	DefaultHandlerTimeout = 30 * time.Second
)

// HardenConfig says how hard a router tries; what is zero or less takes its
// default.
type HardenConfig struct {
	RetryFor       time.Duration    // from a record's first failure; default 15 s
	HandlerTimeout time.Duration    // of one attempt, through the message's context; default 30 s
	Now            func() time.Time // default time.Now
}

func (c HardenConfig) withDefaults() HardenConfig {
	if c.RetryFor <= 0 {
		c.RetryFor = DefaultRetryFor
	}
	if c.HandlerTimeout <= 0 {
		c.HandlerTimeout = DefaultHandlerTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Harden adds the middleware that lets no record stop its partition and
// loses none, outermost first: DeadLetter, Retry, Timeout, Recover, handler.
// Dead letters go to the bus's topic for them. Call it before any other
// middleware is added.
func Harden(r *message.Router, b *Bus, c HardenConfig) {
	c = c.withDefaults()
	letters := deadLetters{
		publisher: b.publisher, topic: b.topics.DeadLetters, limit: b.cfg.MaxMessageBytes, now: c.Now, log: b.log,
	}
	harden(r, letters, c)
}

func harden(r *message.Router, letters deadLetters, c HardenConfig) {
	r.AddMiddleware(letters.middleware, retries(c).Middleware, timeout(c.HandlerTimeout), middleware.Recoverer)
}

func retries(cfg HardenConfig) middleware.Retry {
	return middleware.Retry{
		MaxRetries:      math.MaxInt32, // time is what bounds them
		InitialInterval: 100 * time.Millisecond,
		MaxInterval:     2 * time.Second,
		// Watermill draws from the backoff twice for each try, so this is 2.25.
		Multiplier:          1.5,
		RandomizationFactor: 0.2,
		MaxElapsedTime:      cfg.RetryFor,
		ShouldRetry:         func(p middleware.RetryParams) bool { return !poison.Is(p.Err) },
		ResetContextOnRetry: true,
	}
}

// timeout is watermill's, except that it gives the message its context back:
// theirs leaves a cancelled one behind for whoever comes next.
func timeout(d time.Duration) message.HandlerMiddleware {
	return func(next message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			outer := msg.Context()
			ctx, cancel := context.WithTimeout(outer, d)
			defer cancel()
			msg.SetContext(ctx)
			defer msg.SetContext(outer)
			return next(msg)
		}
	}
}
