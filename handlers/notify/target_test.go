package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fake is a service in the test: it notes when it is asked, and answers.
type fake struct {
	began  time.Time
	mu     sync.Mutex // sends that were given up on go on beside the next
	asked  []string
	answer func(ctx context.Context, m Message) error
}

func (*fake) label() string { return "fake, url 1" }
func (*fake) id() string    { return "fake" }
func (f *fake) send(ctx context.Context, m Message) error {
	f.mu.Lock()
	f.asked = append(f.asked, fmt.Sprintf("%s %s", time.Since(f.began), m.key()))
	f.mu.Unlock()
	return f.answer(ctx, m)
}

var errDown = errors.New("down")

// bubble runs a target for a while of synthetic time.
func bubble(t *testing.T, retryFor, lasts time.Duration, answer func(context.Context, Message) error, during func(*target)) (*fake, map[Result]int) {
	t.Helper()
	f, counts := &fake{answer: answer}, map[Result]int{}
	synctest.Test(t, func(t *testing.T) {
		f.began = time.Now()
		target := newTarget(Config{Dir: t.TempDir(), RetryFor: retryFor, Count: func(r Result) { counts[r]++ }}, f)
		ctx, stop := context.WithTimeout(t.Context(), lasts)
		defer stop()
		sends, end := context.WithCancel(context.WithoutCancel(ctx))
		defer end()
		done := make(chan struct{})
		go func() { defer close(done); target.run(ctx, sends) }()
		during(target)
		<-done
	})
	return f, counts
}

func message(k Kind, version uint64) Message {
	return Message{Kind: k, Experiment: "x", Version: version, At: time.Now()}
}

func TestAMessageIsRetriedWithPausesThatGrowAndThenGivenUp(t *testing.T) {
	f, counts := bubble(t, 20*time.Second, time.Minute, func(context.Context, Message) error { return errDown },
		func(to *target) { to.push(message(Start, 1)) })
	assert.Equal(t, []string{"0s x/1/start", "1s x/1/start", "3s x/1/start", "7s x/1/start", "15s x/1/start", "31s x/1/start"}, f.asked)
	assert.Equal(t, map[Result]int{Retried: 5, GivenUp: 1}, counts)
}

func TestAStuckFaultGoesFirstAtOnceAndForEver(t *testing.T) {
	f, counts := bubble(t, 2*time.Second, time.Hour, func(_ context.Context, m Message) error {
		if m.Kind == Stuck && time.Since(m.At) < 10*time.Minute || m.Kind != Stuck && time.Since(m.At) < 2*time.Second {
			return errDown
		}
		return nil
	}, func(to *target) {
		to.push(message(Start, 1))
		to.push(message(End, 2))
		time.Sleep(2500 * time.Millisecond) // the worker rests until 3 s
		to.push(message(Stuck, 3))
	})
	assert.Equal(t, []string{"0s x/1/start", "1s x/1/start", "2.5s x/3/stuck"}, f.asked[:3])
	assert.Equal(t, map[Result]int{Sent: 3, Retried: counts[Retried]}, counts, "the others pass it once it is late")
}

func TestAFullQueueDropsTheOldestThatIsNotStuck(t *testing.T) {
	q := newQueue()
	for i := range uint64(room) {
		require.False(t, q.push(message([]Kind{Start, Stuck}[i%2], i)))
	}
	assert.True(t, q.push(message(End, 1000)))
	assert.Equal(t, uint64(1), q.items[0].Version, "message 0 gave way")
	for i := range uint64(2 * room) {
		q.push(message(Stuck, 2000+i))
	}
	assert.Len(t, q.items, 2*room+room/2, "stuck faults have room always")
	assert.True(t, q.push(message(End, 3000)), "and nothing else then")
	assert.Equal(t, Stuck, q.head().Kind)
}

func TestAClientThatHangsOrPanicsCostsOneURLOnly(t *testing.T) {
	var release chan struct{} // made in the bubble, so that waiting for it lets its time pass
	var n atomic.Int32
	f, counts := bubble(t, time.Hour, 30*time.Minute, func(context.Context, Message) error {
		if n.Add(1) == 1 {
			panic("a mistake of the library")
		}
		<-release
		return nil
	}, func(to *target) {
		release = make(chan struct{})
		to.push(message(Start, 1))
		time.Sleep(20 * time.Minute)
		close(release)
	})
	assert.Len(t, f.asked, 1+maxHanging+1, "no more than a few sends hang, and once they are back it goes on")
	assert.Equal(t, 1, counts[Sent])
}
