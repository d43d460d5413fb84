package auditing_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
)

// TestEachRecordIsInTheBooksOfOneStretch: whenever the follower starts and
// ends, and whoever holds the offsets, all records are counted once.
func TestEachRecordIsInTheBooksOfOneStretch(t *testing.T) {
	for _, owned := range []bool{true, false} {
		x := newLab(t, owned)
		x.send(100, time.Now())
		x.sink(faithful)
		marks := auditing.MarkFile(filepath.Join(t.TempDir(), "mark.json"))
		o := auditing.Options{Quiet: audit.Quiet{For: 100 * time.Millisecond}}
		all := map[account.Class]int64{}
		var last time.Time
		for life := range 2 {
			stretches := 0
			ctx, end := context.WithCancel(t.Context())
			err := auditing.Follow(ctx, x.platform(), 300*time.Millisecond, marks, o, func(c auditing.Closed) error {
				require.Empty(t, c.Report.Unread, c.Report.Why())
				if !last.IsZero() {
					assert.True(t, c.From.Equal(last), "from %s, and the last ended %s", c.From, last)
				}
				last = c.To
				for class, n := range c.Report.Counts {
					all[class] += n
				}
				var counted int
				for _, n := range all {
					counted += int(n)
				}
				if stretches++; stretches > 2 {
					if counted >= len(x.sent)-100 || stretches > 100 {
						end()
					}
					return nil
				}
				x.send(50, time.Now())
				x.sink(func(i int, t trade) []trade {
					if i == 120 {
						return nil
					}
					return []trade{t}
				})
				return nil
			})
			end()
			require.ErrorIs(t, err, context.Canceled, "life %d", life)
		}
		assert.Equal(t, map[account.Class]int64{account.StoredOnce: 199, account.LostAcked: 1}, all, "owned %t: the hundred that were there before are of no stretch", owned)
	}
}

func TestAFollowerEndsWithItsContext(t *testing.T) {
	x := newLab(t, true)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err := auditing.Follow(ctx, x.platform(), time.Hour, auditing.MarkFile(filepath.Join(t.TempDir(), "mark.json")), auditing.Options{},
		func(auditing.Closed) error { return errors.New("it is not over") })
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// torn is a platform whose log cannot be read for a while.
type torn struct {
	auditing.Flow
	fails int
}

func (b *torn) Audit(w audit.Window) audit.Config {
	c := b.Flow.Audit(w)
	if b.fails > 0 {
		b.fails--
		c.Log = noLog{}
	}
	return c
}

type noLog struct{}

func (noLog) Read(_ context.Context, r audit.Range, _ func([]audit.Record) error) ([]audit.Range, int64, error) {
	return nil, r.From, errors.New("no broker")
}

// TestBooksThatCouldNotBeReadAreOpenedAgain, over a restart too, so that no
// record is in none; and after many tries they are closed as they are.
func TestBooksThatCouldNotBeReadAreOpenedAgain(t *testing.T) {
	ended := errors.New("enough")
	for fails, want := range map[int]int{
		3:    3,
		1000: 11, // ten, of which the one that was not kept came again
	} {
		x := newLab(t, true)
		x.send(10, time.Now())
		x.sink(faithful)
		f := &torn{Flow: x.platform()}
		marks := auditing.MarkFile(filepath.Join(t.TempDir(), "mark.json"))
		var all []auditing.Closed
		opened := 0
		follow := func(most int) {
			err := auditing.Follow(t.Context(), f, 50*time.Millisecond, marks, auditing.Options{}, func(c auditing.Closed) error {
				if all = append(all, c); len(all) == 1 {
					x.send(10, time.Now())
					x.sink(faithful)
					f.fails = fails
					return nil
				}
				if c.Open {
					opened++
				}
				if !c.Open || opened == most {
					return ended
				}
				return nil
			})
			require.ErrorIs(t, err, ended)
		}
		follow(2)
		follow(-1)
		assert.Equal(t, want, opened)
		for _, c := range all[1:] {
			assert.True(t, c.From.Equal(all[0].To), "the books that begin at %s begin where those of before ended, at %s", c.From, all[0].To)
		}
		last := all[len(all)-1]
		if fails < want+1 {
			assert.Equal(t, map[account.Class]int64{account.StoredOnce: 10}, last.Report.Counts)
			assert.Equal(t, 0, auditing.ExitCode(last.Report))
		} else {
			assert.Equal(t, 5, auditing.ExitCode(last.Report))
		}
	}
}
