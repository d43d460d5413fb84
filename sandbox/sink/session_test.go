package sink

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/trade"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newTestWriter writes to a table, if there is one, and has defects.
func newTestWriter(t *testing.T, to table, defects ...defect.Defect) *writer {
	t.Helper()
	return &writer{table: to, cfg: Config{Defects: defects}, judge: newTestJudge(t, defects...), damage: newDamage(defects, nil)}
}

// shelf is a table in memory.
type shelf struct{ rows []trade.V2 }

func (s *shelf) Watermark(context.Context) (lake.Watermark, error) { return lake.Watermark{}, nil }
func (s *shelf) Append(_ context.Context, rows []trade.V2, _, _ lake.Watermark) (lake.Snapshot, error) {
	s.rows = append(s.rows, rows...)
	return lake.Snapshot{}, nil
}

func TestOneBadRecordTakesNoOtherWithIt(t *testing.T) {
	for name, c := range map[string]struct {
		defects      defect.Set
		rows, buried int
	}{
		"as it should be":  {nil, 2, 1},
		"dlq-whole-batch":  {defect.Set{defect.DLQWholeBatch}, 0, 3},
		"another's defect": {defect.Set{defect.ShedEverything}, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTestWriter(t, nil, c.defects...)
			records := make([]*kgo.Record, 4)
			for i := range records {
				records[i] = sent(t, w.judge, aTrade("BHP", "36.00", "65"))
				records[i].Offset = int64(i)
			}
			records[1].Value = []byte("not a trade")
			records[3].Value = []byte("a bad one of before")
			rows, buried, err := w.sort(t.Context(), records, coordinates{{0, 3}: true})
			require.NoError(t, err)
			assert.Len(t, rows, c.rows)
			assert.Len(t, buried, c.buried)
		})
	}
}

func TestWhatHasALetterIsNotStoredAfterARestart(t *testing.T) {
	w := newTestWriter(t, nil)
	good := sent(t, w.judge, aTrade("BHP", "36.00", "65"))
	rows, buried, err := w.sort(t.Context(), []*kgo.Record{good}, coordinates{{0, 0}: true})
	require.NoError(t, err)
	assert.Empty(t, rows)
	assert.Empty(t, buried)
}

func TestRowsAreThereWhenThePositionIs(t *testing.T) {
	row := []trade.V2{aTrade("BHP", "36.00", "65")}
	whole := &shelf{}
	require.NoError(t, newTestWriter(t, whole).append(t.Context(), row, nil, nil))
	assert.Len(t, whole.rows, 1)

	behind := &shelf{}
	w := newTestWriter(t, behind, defect.CommitBeforeWrite)
	require.NoError(t, w.append(t.Context(), row, nil, nil))
	assert.Empty(t, behind.rows, "the position has moved on without its rows")
	require.NoError(t, w.append(t.Context(), nil, nil, nil))
	assert.Len(t, behind.rows, 1)
}

func TestABatchHasAMomentAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service, end := context.WithCancel(t.Context())
		batch, done := outlive(service, time.Second)
		defer done()
		end()
		time.Sleep(900 * time.Millisecond)
		require.NoError(t, batch.Err())
		time.Sleep(200 * time.Millisecond)
		require.ErrorIs(t, batch.Err(), context.Canceled)
	})
}
