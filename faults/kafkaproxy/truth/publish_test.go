package truth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

// topic is the log in memory. Where it is away it takes nothing, or takes it
// and does not say so.
type topic struct {
	mu    sync.Mutex
	facts []Fact
	away  error
	mute  bool
	most  int // entries of a record; 0 is without end
}

func (l *topic) Publish(_ context.Context, e cloudevent.Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := Decode(e)
	if err != nil {
		return err
	}
	if f.Entries != nil && l.most > 0 && len(f.Entries.Entries) > l.most {
		return poison.New(errors.New("too large"))
	}
	if l.away == nil || l.mute {
		l.facts = append(l.facts, f)
	}
	return l.away
}

func (l *topic) set(away error, mute bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away, l.mute = away, mute
}

// told is what the log says, a word each, without repeats.
func (l *topic) told() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	seen := map[string]uint64{}
	for _, f := range l.facts {
		if f.Closed != nil {
			out = append(out, fmt.Sprintf("closed %s %d", f.Closed.ID, f.Closed.Written))
			continue
		}
		for _, e := range f.Entries.Entries {
			if key := e.Run + e.Experiment; e.Seq > seen[key] {
				seen[key] = e.Seq
				out = append(out, fmt.Sprintf("%s %d@%d", e.Receipt, e.Seq, e.Offset))
			}
		}
	}
	return out
}

// publishing starts a Publisher; stop ends it.
func publishing(t *testing.T, j *Journal, to Sender, o PublisherOptions) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	p := NewPublisher(j, to, o)
	go func() { ended <- p.Run(ctx) }()
	return func() { cancel(); require.NoError(t, <-ended) }
}

func TestAllIsPublishedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, log := open(t, t.TempDir(), Options{SegmentBytes: 2 << 10}), &topic{}
		stop := publishing(t, j, log, PublisherOptions{})
		require.NoError(t, j.Write([]Entry{fetched("x", "r", 4), fetched("y", "s", 5), produced("p", 1, 2)}))
		require.NoError(t, j.Write([]Entry{fetched("x", "r", 6)}))
		require.NoError(t, j.Close("r"))
		synctest.Wait()
		assert.Equal(t, []string{"r 1@4", "s 2@5"}, log.told(), "an offset that is not known yet holds up what comes behind it")
		require.NoError(t, j.Settle(1, 40))
		require.NoError(t, j.Close("p"))
		require.NoError(t, j.Close("s"))
		synctest.Wait()
		assert.Equal(t, []string{"r 1@4", "s 2@5", "p 3@42", "r 4@6", "closed r 2", "closed p 1", "closed s 1"}, log.told())
		for i := range 30 {
			require.NoError(t, j.Write([]Entry{fetched("z", "q", int64(i))}))
		}
		synctest.Wait()
		files, err := segments(j.dir)
		require.NoError(t, err)
		assert.Len(t, files, 1, "what is published is deleted")
		stop()
	})
}

func TestAnOffsetThatNobodyTellsIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, log := open(t, t.TempDir(), Options{}), &topic{}
		stop := publishing(t, j, log, PublisherOptions{})
		require.NoError(t, j.Write([]Entry{produced("p", 1, 0)}))
		time.Sleep(2 * settleWithin)
		synctest.Wait()
		assert.Equal(t, []string{"p 1@-1"}, log.told())
		require.NoError(t, j.Settle(1, 9), "too late")
		stop()
	})
}

// slowly is a log that takes a record a second after it was sent, whether or
// not anybody waits for that, as a Kafka producer does.
type slowly struct{ topic }

func (l *slowly) Publish(ctx context.Context, e cloudevent.Event) error {
	done := make(chan error, 1)
	go func() {
		time.Sleep(time.Second)
		done <- l.topic.Publish(ctx, e)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestWhatIsOnItsWayAtTheEndIsNotSentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, log := open(t, t.TempDir(), Options{}), &slowly{}
		stop := publishing(t, j, log, PublisherOptions{})
		require.NoError(t, j.Write([]Entry{fetched("x", "r", 4)}))
		require.NoError(t, j.Close("r"))
		synctest.Wait()
		began := time.Now()
		stop()
		assert.Equal(t, 2*time.Second, time.Since(began), "as long as the log takes")
		assert.Len(t, log.facts, 2)
		assert.Equal(t, []string{"r 1@4", "closed r 1"}, log.told())
	})
}

func TestALogThatDoesNotAnswerIsLeftAfterTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := open(t, t.TempDir(), Options{})
		stop := publishing(t, j, silent{}, PublisherOptions{Grace: 3 * time.Second})
		require.NoError(t, j.Write([]Entry{fetched("x", "r", 4)}))
		synctest.Wait()
		began := time.Now()
		stop()
		assert.Equal(t, 3*time.Second, time.Since(began))
	})
}

type silent struct{}

func (silent) Publish(ctx context.Context, _ cloudevent.Event) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestNothingIsLostWhileTheLogIsAway: for a while, with lost answers, and over
// a restart.
func TestNothingIsLostWhileTheLogIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, log := t.TempDir(), &topic{}
		j := open(t, dir, Options{SegmentBytes: 4 << 10})
		var said bytes.Buffer
		stop := publishing(t, j, log, PublisherOptions{Log: slog.New(slog.NewTextHandler(&said, nil))})
		write := func(j *Journal, n int) {
			for i := range n {
				require.NoError(t, j.Write([]Entry{fetched("x", "r", int64(i))}))
			}
		}
		write(j, 10)
		synctest.Wait()
		log.set(errors.New("no broker"), false)
		write(j, 10)
		time.Sleep(10 * time.Minute)
		log.set(errors.New("no answer"), true)
		write(j, 10)
		time.Sleep(time.Minute)
		stop()
		require.NoError(t, j.Shut())
		assert.Contains(t, said.String(), "no broker")

		log.set(nil, false)
		again := open(t, dir, Options{SegmentBytes: 4 << 10})
		write(again, 5)
		require.NoError(t, again.Close("r"))
		publishing(t, again, log, PublisherOptions{})()
		var want []string
		for i := range 30 {
			want = append(want, fmt.Sprintf("r %d@%d", i+1, i%10))
		}
		for i := range 5 {
			want = append(want, fmt.Sprintf("r %d@%d", i+1, i))
		}
		assert.Equal(t, append(want, "closed r 35"), log.told(), "what came while it ended is published, too")
		require.NoError(t, again.Shut())

		before := len(log.facts)
		third := open(t, dir, Options{})
		publishing(t, third, log, PublisherOptions{})()
		assert.Len(t, log.facts, before, "what is published is not published again")
	})
}

func TestARecordThatIsTooLongIsMadeShorter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, log := open(t, t.TempDir(), Options{}), &topic{most: 3}
		for i := range 20 {
			require.NoError(t, j.Write([]Entry{fetched("x", "r", int64(i))}))
		}
		stop := publishing(t, j, log, PublisherOptions{})
		time.Sleep(time.Minute)
		assert.Len(t, log.told(), 20)
		stop()
	})
}

func TestAnEntryThatTheLogNeverTakesHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, log := open(t, t.TempDir(), Options{}), &topic{}
		log.set(poison.New(errors.New("never")), false)
		require.NoError(t, j.Write([]Entry{fetched("x", "r", 1)}))
		var told bytes.Buffer
		stop := publishing(t, j, log, PublisherOptions{Log: slog.New(slog.NewTextHandler(&told, nil))})
		synctest.Wait()
		assert.Contains(t, told.String(), "file="+segmentPath(j.dir, 1), "where it still is")
		log.set(nil, false)
		require.NoError(t, j.Write([]Entry{fetched("x", "r", 2)}))
		require.NoError(t, j.Close("r"))
		synctest.Wait()
		stop()
		assert.Equal(t, []string{"r 2@2", "closed r 2"}, log.told(), "the count tells that one is missing")
	})
}

func TestADamagedCursorIsTold(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(cursorPath(dir), []byte("{"), 0o600))
	_, err := Open(dir, Options{})
	require.ErrorContains(t, err, "remove the file")
}
