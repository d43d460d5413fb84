package auditing_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/auditing"
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/account"
)

// expire drops all snapshots of the table but the newest.
func (x *lab) expire() {
	x.t.Helper()
	_, err := x.lake.Maintain(x.t.Context(), "market", "trades", lake.Upkeep{MinFiles: 1000, KeepSnapshots: 1, SnapshotAge: time.Nanosecond})
	require.NoError(x.t, err)
}

// TestAFollowerOutlivesTheSnapshotThatItHeld: where the table no longer has what
// was there when the books were closed last, those that cannot be closed are
// told to be open ten times, and the next ones begin where the table is.
func TestAFollowerOutlivesTheSnapshotThatItHeld(t *testing.T) {
	x := newLab(t, true)
	x.send(10, time.Now())
	x.sink(faithful)
	marks := auditing.MarkFile(filepath.Join(t.TempDir(), "mark.json"))
	var open, closed int
	enough := errors.New("enough")
	err := auditing.Follow(t.Context(), x.platform(), 50*time.Millisecond, marks, auditing.Options{Wait: time.Second}, func(c auditing.Closed) error {
		switch {
		case c.Open:
			if open++; open > 20 {
				return errors.New("it stays open for ever")
			}
			assert.Equal(t, events.Unknown, c.Report.Answer())
		case open == 0: // the first
			x.send(10, time.Now())
			x.sink(faithful)
			x.expire()
		case closed == 0: // as they are
			closed++
			assert.Equal(t, events.Unknown, c.Report.Answer(), auditing.Sentence(c.Report))
			x.send(7, time.Now())
			x.sink(faithful)
		case c.Report.Records > 0:
			assert.Equal(t, map[account.Class]int64{account.StoredOnce: 7}, c.Report.Counts, auditing.Sentence(c.Report))
			return enough
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
	assert.Equal(t, 10, open)
}

// anew deletes the topic of the trades, and makes it again.
func (x *lab) anew() {
	x.t.Helper()
	admin := kadm.NewClient(x.kafka)
	_, err := admin.DeleteTopics(x.t.Context(), "trades")
	require.NoError(x.t, err)
	made, err := admin.CreateTopic(x.t.Context(), partitions, 1, nil, "trades")
	require.NoError(x.t, err)
	require.NoError(x.t, made.Err)
	x.kafka.PurgeTopicsFromProducing("trades") // it knows the topic by its id
}

// TestASinkThatIsPastTheEndOfTheLog has not taken what is there: the topic was
// made anew, and the table still has the offsets of the one before.
func TestASinkThatIsPastTheEndOfTheLog(t *testing.T) {
	x := newLab(t, true)
	x.send(100, time.Now())
	x.sink(faithful)
	since := time.Now()
	x.anew()
	x.send(20, time.Now())
	says := "sink: it has taken all up to offset 50 of partition 0, and the log of trades ends at 10"
	r, err := auditing.Once(t.Context(), x.platform(), since, time.Now(), auditing.Options{Wait: time.Second})
	require.NoError(t, err)
	assert.Equal(t, events.Unknown, r.Answer(), r.Counts)
	assert.Contains(t, r.Why(), says)
	enough := errors.New("enough")
	err = auditing.Follow(t.Context(), x.platform(), 50*time.Millisecond, auditing.MarkFile(filepath.Join(t.TempDir(), "mark.json")), auditing.Options{Wait: time.Second}, func(c auditing.Closed) error {
		assert.Equal(t, events.Unknown, c.Report.Answer(), c.Report.Counts)
		assert.Contains(t, c.Report.Why(), says)
		return enough
	})
	require.ErrorIs(t, err, enough)
}

// TestATableThatIsSetBackBetweenTwoBooks has lost what was there when the last
// ones were closed.
func TestATableThatIsSetBackBetweenTwoBooks(t *testing.T) {
	x := newLab(t, true)
	x.send(10, time.Now())
	before := x.sink(faithful)
	marks := auditing.MarkFile(filepath.Join(t.TempDir(), "mark.json"))
	enough := errors.New("enough")
	rewound := false
	err := auditing.Follow(t.Context(), x.platform(), 50*time.Millisecond, marks, auditing.Options{Wait: time.Second / 2}, func(c auditing.Closed) error {
		switch {
		case rewound:
			assert.Equal(t, events.Unknown, c.Report.Answer(), auditing.Sentence(c.Report))
			assert.Contains(t, c.Report.Why(), "table: the snapshot is gone")
			return enough
		case c.Report.Records > 0:
			assert.Equal(t, events.Holds, c.Report.Answer(), auditing.Sentence(c.Report))
			require.NoError(t, x.table.Rewind(t.Context(), before.ID))
			rewound = true
		case x.stored == 10:
			x.send(10, time.Now())
			x.sink(faithful)
		}
		return nil
	})
	require.ErrorIs(t, err, enough)
}
