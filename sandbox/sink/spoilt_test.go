package sink

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/trade"
)

// stored is what a writer stores of ten records, and what it buries. They are
// written in two batches, so that what comes late has a batch to come with.
func stored(t *testing.T, records func(*judge) []*kgo.Record, defects ...defect.Defect) (rows []trade.V2, letters int, w *writer) {
	t.Helper()
	kept := &shelf{}
	w = newTestWriter(t, kept, defects...)
	all := records(w.judge)
	for _, batch := range [][]*kgo.Record{all[:5], all[5:]} {
		good, buried, err := w.sort(t.Context(), batch, nil)
		require.NoError(t, err)
		require.NoError(t, w.append(t.Context(), good, nil, nil))
		letters += len(buried)
	}
	return kept.rows, letters, w
}

// ten good records.
func ten(t *testing.T) func(*judge) []*kgo.Record {
	t.Helper()
	return func(j *judge) []*kgo.Record {
		var out []*kgo.Record
		for i := range int64(10) {
			v := aTrade("BHP", "36.01", "65")
			v.TradeID = fmt.Sprint(i)
			r := sent(t, j, v)
			r.Offset = i
			out = append(out, r)
		}
		return out
	}
}

func ids(rows []trade.V2) (out []string) {
	for _, r := range rows {
		out = append(out, r.TradeID)
	}
	return out
}

func TestADefectOfRowsDamagesThoseOfItsRateOnly(t *testing.T) {
	clean, none, w := stored(t, ten(t))
	require.Len(t, clean, 10)
	require.Zero(t, none)
	require.Zero(t, testutil.CollectAndCount(w.damage.did))
	everyOther, _, _ := stored(t, ten(t), defect.ShedEverything, defect.DropUndecodable)
	require.Equal(t, clean, everyOther)

	damaged := func(d defect.Defect) map[string]trade.V2 {
		rows, letters, w := stored(t, ten(t), d.In(4))
		assert.Zero(t, letters, d)
		assert.InDelta(t, 2, testutil.ToFloat64(w.damage.did.WithLabelValues(string(d))), 0, d)
		out := map[string]trade.V2{}
		for i, r := range clean {
			if i%4 != 3 {
				require.Contains(t, rows, r, "%s leaves the others alone", d)
			}
		}
		for _, r := range rows {
			out[r.TradeID] = r
		}
		return out
	}
	dropped := damaged(defect.DropAfterAck)
	assert.Len(t, dropped, 8)
	assert.NotContains(t, dropped, "3")
	assert.NotContains(t, dropped, "7")

	swapped := damaged(defect.SwapPriceQuantity)["3"]
	assert.Equal(t, "65.00", swapped.Price.FloatString(2))
	assert.Equal(t, "36.01", swapped.Quantity.FloatString(2))

	assert.Equal(t, "36.00", damaged(defect.TruncateDecimal)["7"].Price.FloatString(2))
	assert.Equal(t, clean[3].Timestamp.Add(time.Hour), damaged(defect.ShiftTimestamp)["3"].Timestamp)
}

func TestARowThatIsReorderedComesWithALaterBatch(t *testing.T) {
	rows, _, _ := stored(t, ten(t), defect.Reorder.In(4))
	assert.Equal(t, []string{"0", "1", "2", "4", "5", "6", "8", "9", "3"}, ids(rows), "7 waits for a third batch")
}

func TestWhatCannotBeDecodedIsPassedOver(t *testing.T) {
	records := func(j *judge) []*kgo.Record {
		out := ten(t)(j)
		out[0].Value = []byte("not a trade, and not what was sent")
		out[1].Value, out[1].Headers = []byte("no trade either"), nil
		out[2] = swapped(t, j, aTrade("BHP", "36.00", "37"))
		return out
	}
	for name, c := range map[string]struct {
		defects []defect.Defect
		letters int
	}{
		"as it should be":  {nil, 3},
		"drop-undecodable": {[]defect.Defect{defect.DropUndecodable}, 1}, // what can be read is still judged
	} {
		rows, letters, _ := stored(t, records, c.defects...)
		assert.Len(t, rows, 7, name)
		assert.Equal(t, c.letters, letters, name)
	}
}
