package shape_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink notes what arrives, and when.
type sink struct {
	mu    sync.Mutex
	start time.Time
	text  strings.Builder
	at    []time.Duration // of each write
	err   error
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	s.text.Write(p)
	s.at = append(s.at, time.Since(s.start))
	return len(p), nil
}

func (s *sink) seen() (string, []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String(), append([]time.Duration(nil), s.at...)
}

// bubble is what a test of a line has.
type bubble struct {
	T    *testing.T
	Line *shape.Line
	out  *sink
}

// line runs a test on a line, in a bubble in which time passes by itself.
func line(t *testing.T, budget int, test func(b bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		out := &sink{start: time.Now()}
		l := shape.NewLine(out, budget)
		test(bubble{T: t, Line: l, out: out})
		if err := l.Close(); err != nil && out.err == nil {
			t.Errorf("closing the line: %v", err)
		}
	})
}

func put(t *testing.T, l *shape.Line, text string, s *shape.Shape) {
	t.Helper()
	if err := l.Write([]byte(text), s); err != nil {
		t.Fatalf("writing %q: %v", text, err)
	}
}

func TestDelaysDoNotAddUp(t *testing.T) {
	t.Parallel()
	line(t, 1<<10, func(b bubble) {
		s := &shape.Shape{Delay: time.Second}
		put(b.T, b.Line, "a", s)
		time.Sleep(300 * time.Millisecond)
		put(b.T, b.Line, "b", s)
		put(b.T, b.Line, "c", nil) // behind a delayed one, for order
		if err := b.Line.Drain(b.T.Context()); err != nil {
			b.T.Fatal(err)
		}
		text, at := b.out.seen()
		if text != "abc" {
			b.T.Fatalf("arrived %q, want abc", text)
		}
		want := []time.Duration{time.Second, 1300 * time.Millisecond, 1300 * time.Millisecond}
		for i := range want {
			if at[i] != want[i] {
				b.T.Errorf("chunk %d arrived after %v, want %v", i, at[i], want[i])
			}
		}
	})
}

func TestABufferIsCopied(t *testing.T) {
	t.Parallel()
	line(t, 1<<10, func(b bubble) {
		buf := []byte("mine")
		if err := b.Line.Write(buf, &shape.Shape{Delay: time.Second}); err != nil {
			b.T.Fatal(err)
		}
		copy(buf, "gone")
		if err := b.Line.Drain(b.T.Context()); err != nil {
			b.T.Fatal(err)
		}
		if text, _ := b.out.seen(); text != "mine" {
			b.T.Errorf("arrived %q, want what was written", text)
		}
	})
}

func TestRateIsKeptAcrossChunks(t *testing.T) {
	t.Parallel()
	line(t, 1<<20, func(b bubble) {
		s := &shape.Shape{PerSecond: 1000}
		for range 4 {
			put(b.T, b.Line, strings.Repeat("x", 500), s)
		}
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if text, _ := b.out.seen(); len(text) < 1000 || len(text) > 1100 {
			b.T.Errorf("%d bytes came in 1.1 s at 1000 bytes/s", len(text))
		}
		if err := b.Line.Drain(b.T.Context()); err != nil {
			b.T.Fatal(err)
		}
		if _, at := b.out.seen(); at[len(at)-1].Round(time.Millisecond) != 2*time.Second {
			b.T.Errorf("2000 bytes at 1000 bytes/s took %v", at[len(at)-1])
		}
	})
}

func TestALiftedFaultFreesWhatWaits(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]shape.Shape{
		"delay":             {Delay: time.Hour},
		"rate":              {PerSecond: 1},
		"both, and another": {Delay: time.Hour, And: &shape.Shape{PerSecond: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line(t, 1<<20, func(b bubble) {
				lifted := make(chan struct{})
				s.Lifted = lifted
				if s.And != nil {
					s.And.Lifted = lifted
				}
				put(b.T, b.Line, strings.Repeat("x", 4000), &s)
				put(b.T, b.Line, "y", nil)
				time.Sleep(2500 * time.Millisecond)
				close(lifted)
				if err := b.Line.Drain(b.T.Context()); err != nil {
					b.T.Fatal(err)
				}
				text, at := b.out.seen()
				if len(text) != 4001 || !strings.HasSuffix(text, "y") {
					b.T.Errorf("%d bytes arrived, want 4001 that end in y", len(text))
				}
				if last := at[len(at)-1]; last != 2500*time.Millisecond {
					b.T.Errorf("what was held came after %v, want at once when the fault was lifted", last)
				}
			})
		})
	}
}

func TestAStallHoldsUntilItIsLifted(t *testing.T) {
	t.Parallel()
	line(t, 1<<10, func(b bubble) {
		one, two := make(chan struct{}), make(chan struct{})
		put(b.T, b.Line, "held", &shape.Shape{Stalled: one, And: &shape.Shape{Stalled: two}})
		for _, lift := range []chan struct{}{two, one} {
			time.Sleep(time.Hour)
			if text, _ := b.out.seen(); text != "" {
				b.T.Fatalf("%q came through a stall", text)
			}
			close(lift)
		}
		if err := b.Line.Drain(b.T.Context()); err != nil {
			b.T.Fatal(err)
		}
		if text, _ := b.out.seen(); text != "held" {
			b.T.Errorf("arrived %q after the stall was lifted, want what was held", text)
		}
	})
}

func TestTheBudgetPushesBack(t *testing.T) {
	t.Parallel()
	line(t, 10, func(b bubble) {
		stalled := make(chan struct{})
		put(b.T, b.Line, strings.Repeat("a", 64), &shape.Shape{Stalled: stalled}) // larger than the budget, and alone
		wrote := make(chan error, 1)
		go func() { wrote <- b.Line.Write([]byte("b"), nil) }()
		synctest.Wait()
		select {
		case err := <-wrote:
			b.T.Fatalf("a chunk was taken although the budget was spent (%v)", err)
		default:
		}
		close(stalled)
		if err := <-wrote; err != nil {
			b.T.Fatal(err)
		}
		if err := b.Line.Drain(b.T.Context()); err != nil {
			b.T.Fatal(err)
		}
		if text, _ := b.out.seen(); text != strings.Repeat("a", 64)+"b" {
			b.T.Errorf("arrived %q", text)
		}
	})
}

func TestErrorsComeBack(t *testing.T) {
	t.Parallel()
	broken := errors.New("the peer is gone")
	line(t, 1<<10, func(b bubble) {
		b.out.err = broken
		put(b.T, b.Line, "a", nil)
		synctest.Wait()
		if err := b.Line.Write([]byte("b"), nil); !errors.Is(err, broken) {
			b.T.Errorf("writing after a broken write: %v, want %v", err, broken)
		}
		if err := b.Line.Drain(b.T.Context()); !errors.Is(err, broken) {
			b.T.Errorf("draining after a broken write: %v, want %v", err, broken)
		}
		if err := b.Line.Close(); !errors.Is(err, broken) {
			b.T.Errorf("closing after a broken write: %v, want %v", err, broken)
		}
	})
}

func TestCloseFreesAllThatWait(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*shape.Shape{
		"stall": {Stalled: make(chan struct{})},
		"delay": {Delay: 1000 * time.Hour},
		"rate":  {PerSecond: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// made here: a stall has to be of this bubble
				held := *s
				if held.Stalled != nil {
					held.Stalled = make(chan struct{})
				}
				out := &sink{start: time.Now()}
				l := shape.NewLine(out, 4)
				put(t, l, "held for long", &held)
				wrote := make(chan error, 1)
				go func() { wrote <- l.Write([]byte("b"), nil) }()
				drained := make(chan error, 1)
				go func() { drained <- l.Drain(context.Background()) }()
				synctest.Wait()
				if err := l.Close(); err != nil {
					t.Errorf("closing: %v", err)
				}
				if err := l.Close(); err != nil {
					t.Errorf("closing again: %v", err)
				}
				for _, c := range []chan error{wrote, drained} {
					if err := <-c; !errors.Is(err, io.ErrClosedPipe) {
						t.Errorf("what waited for room got %v, want io.ErrClosedPipe", err)
					}
				}
			}) // ends when no goroutine of the bubble is left
		})
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	t.Parallel()
	line(t, 1<<10, func(b bubble) {
		put(b.T, b.Line, "a", &shape.Shape{Delay: time.Hour})
		ctx, cancel := context.WithTimeout(b.T.Context(), time.Second)
		defer cancel()
		if err := b.Line.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			b.T.Errorf("draining for a second what waits an hour: %v", err)
		}
	})
}

// TestOrderAndBytesStay: whatever the shapes, what comes out is what went in,
// and nothing comes before its delay.
func TestOrderAndBytesStay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		chunks := rapid.SliceOfN(rapid.StringMatching("[a-z]{1,40}"), 1, 12).Draw(rt, "chunks")
		delays := rapid.SliceOfN(rapid.IntRange(0, 500), len(chunks), len(chunks)).Draw(rt, "delays")
		rates := rapid.SliceOfN(rapid.SampledFrom([]int64{0, 0, 7, 1000}), len(chunks), len(chunks)).Draw(rt, "rates")
		budget := rapid.IntRange(1, 100).Draw(rt, "budget")
		line(t, budget, func(b bubble) {
			for i, c := range chunks {
				put(b.T, b.Line, c, &shape.Shape{Delay: time.Duration(delays[i]) * time.Millisecond, PerSecond: rates[i]})
			}
			if err := b.Line.Drain(b.T.Context()); err != nil {
				b.T.Fatal(err)
			}
			text, at := b.out.seen()
			if want := strings.Join(chunks, ""); text != want {
				b.T.Fatalf("arrived %q, want %q", text, want)
			}
			if first := at[0]; first < time.Duration(delays[0])*time.Millisecond {
				b.T.Fatalf("the first chunk came after %v, before its delay of %d ms", first, delays[0])
			}
		})
	})
}
