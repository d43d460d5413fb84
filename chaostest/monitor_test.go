package chaostest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/chaostest"
	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

func TestTheMonitorComparesWithItsBaseline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p, cfg := start(t, func(s experiment.State) commands.Command {
			if s.Phase == experiment.Baselining {
				return commands.CompleteBaseline{Windows: 1, Metrics: map[string]events.Distribution{"ingestion_rate": {N: 4, Mean: 200}, "error_rate": {N: 4}}}
			}
			return nil
		})
		s.run(func() {
			m := chaostest.New(s, cfg).Monitor(2*time.Second, time.Second)
			assert.Equal(t, map[string]float64{"ingestion_rate": 200, "error_rate": 0}, m.Baseline)
			require.ErrorContains(t, m.Verify(0.1), "metric ingestion_rate was not read", "no reading is not zero")
			at := time.Now()
			tell := func(readings ...events.Reading) {
				p.ticks <- readings
				synctest.Wait()
			}
			healthy := events.Reading{Metric: "healthy.kafka", Value: 1, At: at}
			tell(healthy, events.Reading{Metric: "ingestion_rate", Value: 185, At: at}, events.Reading{Metric: "error_rate", Value: 0.05, At: at})
			require.NoError(t, m.Verify(0.1))
			require.ErrorContains(t, m.Verify(0.06), "metric ingestion_rate is 185 and was 200")
			tell(events.Reading{Metric: "healthy.kafka", Value: 0, At: at})
			require.ErrorContains(t, m.Verify(0.1), "kafka is not healthy")
			tell(events.Reading{Metric: "error_rate", Value: 0, At: at.Add(20 * time.Second)})
			assert.Equal(t, map[string]float64{"error_rate": 0}, m.Current(), "what is old is not there")
		})
		assert.Empty(t, s.errors)
		assert.Len(t, p.commands(endStepType), 1, "the control ends with the test")
	})
}
