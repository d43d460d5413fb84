package plot_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/plot"
)

var update = flag.Bool("update", false, "write the golden file anew") //nolint:gochecknoglobals // a flag of go test

const golden = "testdata/chart.svg"

func chart() plot.Chart {
	rate := plot.Series{Name: "ingestion_rate", Unit: "records/s"}
	for i := range 60 {
		v := 200.0
		if i >= 20 && i < 40 {
			v = 0
		}
		rate.Points = append(rate.Points, plot.Point{At: time.Duration(i) * time.Second, Value: v})
	}
	return plot.Chart{
		Title: "Broker <stop>", Subtitle: "upheld", Length: time.Minute,
		Series: []plot.Series{rate, {Name: "none", Unit: "share"}, {Name: "holes", Points: []plot.Point{
			{At: time.Second, Value: 1},
			{At: 2 * time.Second, Value: math.NaN()},
			{At: 3 * time.Second, Value: -1},
			{At: 30 * time.Second, Value: 2},
			{At: 31 * time.Second, Value: 2},
			{At: 2 * time.Minute, Value: 900},
		}}},
		Spans: []plot.Span{{Label: "process.stop on kafka", From: 20 * time.Second, To: 40 * time.Second}},
		Marks: []plot.Mark{{Label: "recovered", At: 50 * time.Second}, {Label: "rollback", At: 38 * time.Second}},
	}
}

func TestTheChartIsDrawnAsItWas(t *testing.T) {
	got := chart().SVG()
	if *update {
		require.NoError(t, os.WriteFile(golden, got, 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "run this test with -update")
	assert.Equal(t, string(want), string(got))
}

func TestWhatIsDrawnIsXMLWithoutNonsense(t *testing.T) {
	for _, c := range []plot.Chart{chart(), {}, {Series: []plot.Series{{Name: "flat", Points: []plot.Point{{Value: 3}}}}}} {
		text := string(c.SVG())
		for d := xml.NewDecoder(strings.NewReader(text)); ; {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		assert.NotContains(t, text, "NaN")
		assert.NotContains(t, text, "Inf")
		assert.NotContains(t, text, "900", "what comes after the end is cut off")
	}
}
