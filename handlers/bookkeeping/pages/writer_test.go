package pages_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/bookkeeping/pages"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/projections/account"
	"github.com/k2-platform/faultline/projections/audit"
)

// topic is chaos.record-ledger in memory.
type topic struct {
	pages []events.LedgerPage
	sizes []int
	fail  func() error
}

func (o *topic) publish(_ context.Context, p events.LedgerPage) error {
	if o.fail != nil {
		if err := o.fail(); err != nil {
			return err
		}
	}
	text, err := json.Marshal(p)
	o.pages, o.sizes = append(o.pages, p), append(o.sizes, len(text))
	return err
}

// most is how large a record of the log may be.
const most = 16 << 10

func (o *topic) writer() *pages.Writer {
	return &pages.Writer{
		Experiment: "x", Closing: "one", Topic: "trades", Most: most, Publish: o.publish,
		Clock: func() time.Time { return time.Unix(7, 0).UTC() },
	}
}

func letter(n int64, key, raw []byte) audit.Dead {
	return audit.Dead{
		Letter: audit.Letter{At: audit.Place{Offset: -1}, Topic: "dead", Self: audit.Place{Partition: 1, Offset: n}, Kept: key, Raw: raw, SchemaID: 4},
		Of:     audit.Place{Partition: 2, Offset: 10 * n}, Class: account.StoredAndDeadLettered, Resolved: true,
	}
}

// TestAllThatIsWrittenIsOnPagesThatFit whole, in pages that are numbered, and
// counted: letters without a byte, and those that no record of Kafka could hold.
func TestAllThatIsWrittenIsOnPagesThatFit(t *testing.T) {
	out := &topic{}
	w := out.writer()
	random := rand.NewChaCha8([32]byte{})
	bytesOf := func(n int) []byte {
		b := make([]byte, n)
		_, _ = random.Read(b) // never errs
		return b
	}
	whole := map[int64][2][]byte{}
	for n, sizes := range [][2]int{{0, 0}, {10, 100}, {0, 2048}, {2049, 1}, {1 << 20, 1 << 20}, {5, 5000}} {
		key, raw := bytesOf(sizes[0]), bytesOf(sizes[1])
		whole[int64(n)] = [2][]byte{key, raw}
		require.NoError(t, w.Letter(t.Context(), letter(int64(n), key, raw)))
	}
	for n := range int64(500) {
		e := audit.Example{Place: audit.Place{Offset: n}, Key: fmt.Sprint("k", n)}
		require.NoError(t, w.Record(t.Context(), account.LostAcked, e))
	}
	long := audit.Example{Key: "long", Differ: []string{strings.Repeat("x", most)}}
	require.NoError(t, w.Record(t.Context(), account.Altered, long))
	done, err := w.End(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &events.LedgerPages{Closing: "one", Pages: uint64(len(out.pages)), Records: 501, Letters: 6}, done)

	got, records := map[int64][2][]byte{}, 0
	for i, p := range out.pages {
		assert.Equal(t, uint64(i+1), p.Seq)
		assert.Equal(t, []any{"x", "one", time.Unix(7, 0).UTC()}, []any{string(p.Experiment), p.Closing, p.At})
		assert.Less(t, out.sizes[i], most-1024, "room for headers")
		records += len(p.Records)
		for _, l := range p.Letters {
			have := got[l.Offset]
			have[0], have[1] = append(have[0], decoded(t, l.KeyBase64)...), append(have[1], decoded(t, l.RawBase64)...)
			got[l.Offset] = have
			assert.LessOrEqual(t, l.Part, l.Parts)
			assert.Equal(t, "no reason given", l.Reason)
			assert.Equal(t, []any{"trades", int32(2), 10 * l.Offset, "stored_and_dead_lettered", true},
				[]any{l.OriginalTopic, l.OriginalPartition, l.OriginalOffset, l.Class, l.Resolved})
		}
	}
	assert.Equal(t, 501, records)
	require.Len(t, got, len(whole))
	for n, want := range whole {
		assert.True(t, bytes.Equal(want[0], got[n][0]) && bytes.Equal(want[1], got[n][1]), "letter %d is whole", n)
	}
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(text)
	require.NoError(t, err)
	return out
}

func TestNothingToTellIsNoPage(t *testing.T) {
	out := &topic{}
	done, err := out.writer().End(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &events.LedgerPages{Closing: "one"}, done)
	assert.Empty(t, out.pages)
}

// TestAPageIsTriedUntilKafkaHasIt while there is time, under the same number;
// one that can never be written is not tried again.
func TestAPageIsTriedUntilKafkaHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("kafka is away")
		failures := 5
		out := &topic{fail: func() error {
			if failures--; failures >= 0 {
				return away
			}
			return nil
		}}
		w := out.writer()
		require.NoError(t, w.Record(t.Context(), account.Phantom, audit.Example{}))
		done, err := w.End(t.Context())
		require.NoError(t, err)
		assert.Equal(t, uint64(1), done.Pages)
		require.Len(t, out.pages, 1)

		failures = 1 << 30
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		w = out.writer()
		require.NoError(t, w.Record(ctx, account.Phantom, audit.Example{}))
		done, err = w.End(ctx)
		require.ErrorIs(t, err, away)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Zero(t, done.Pages)

		out.fail = func() error { return poison.New(away) }
		require.ErrorIs(t, w.Record(t.Context(), account.Phantom, audit.Example{Key: strings.Repeat("k", 9000)}), away)
	})
}
