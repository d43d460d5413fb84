package force_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestClientSeesBytesLater(t *testing.T) {
	l := newLab(t)
	c := l.client()
	_, err := l.one(c, "warm")
	require.NoError(t, err)
	for name, r := range map[string]rule.Rule{
		"delay":     ofBytes(rule.Bytes{Do: rule.Delay, Delay: 300 * time.Millisecond}, rule.Where{Clients: []string{"app"}, APIs: []int16{0}, Direction: rule.Request}),
		"bandwidth": ofBytes(rule.Bytes{Do: rule.Bandwidth, PerSecond: 300}, rule.Where{Clients: []string{"app"}, APIs: []int16{0}, Direction: rule.Request}),
	} {
		l.set(r)
		begin := time.Now()
		_, err = l.one(c, string(slices.Repeat([]byte("x"), 100)))
		require.NoError(t, err)
		assert.GreaterOrEqual(t, time.Since(begin), 290*time.Millisecond, name)
		l.set()
	}
}

func TestClientGetsOverResetsAndHoles(t *testing.T) {
	for name, b := range map[string]rule.Bytes{
		"reset":      {Do: rule.Reset},
		"black hole": {Do: rule.BlackHole},
		"partition":  {Do: rule.Partition},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			c := l.client(kgo.ProduceRequestTimeout(500*time.Millisecond), kgo.RequestTimeoutOverhead(time.Second))
			other := l.client(kgo.ClientID("other"))
			_, err := l.one(c, "a")
			require.NoError(t, err)
			l.set(ofBytes(b, rule.Where{Clients: []string{"app"}}))
			done := make(chan error, 1)
			c.Produce(context.Background(), &kgo.Record{Topic: "trades", Value: []byte("b")}, func(_ *kgo.Record, err error) { done <- err })
			_, err = l.one(other, "c")
			require.NoError(t, err, "another client is not met")
			select {
			case err := <-done:
				t.Errorf("the record is done with while nothing flows: %v", err)
			case <-time.After(700 * time.Millisecond):
			}
			l.set()
			require.NoError(t, <-done, "it tried until the fault was lifted")
			got := l.log(3)
			slices.Sort(got)
			assert.Equal(t, []string{"a@0", "b@2", "c@1"}, got, "and the record is there once")
		})
	}
}
