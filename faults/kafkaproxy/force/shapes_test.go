package force_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

func ofBytes(b rule.Bytes, w rule.Where) rule.Rule {
	return rule.Rule{Fault: "kafka.bytes", Where: w, Bytes: &b}
}

func (h *harness) shape(way rule.Direction) *shape.Shape {
	h.Helper()
	header := frame.Header{Key: kmsg.Heartbeat.Int16(), ClientID: "app"}
	link := relay.Link{Broker: 1, Client: "10.0.0.1:4000"}
	if h.Needs(link, header)&relay.NeedShape == 0 {
		return nil
	}
	return h.Shape(link, &header, nil, way)
}

func TestShapes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bytes rule.Bytes
		want  shape.Shape
	}{
		"delay":      {rule.Bytes{Do: rule.Delay, Delay: time.Second}, shape.Shape{Delay: time.Second}},
		"bandwidth":  {rule.Bytes{Do: rule.Bandwidth, PerSecond: 1000}, shape.Shape{PerSecond: 1000}},
		"reset":      {rule.Bytes{Do: rule.Reset}, shape.Shape{Reset: true}},
		"slow close": {rule.Bytes{Do: rule.SlowClose, Delay: time.Second}, shape.Shape{CloseDelay: time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(t, ofBytes(c.bytes, rule.Where{Direction: rule.Request}))
			got := *h.shape(rule.Request)
			got.Lifted = nil
			assert.Equal(t, c.want, got)
			assert.Nil(t, h.shape(rule.Response), "of the other direction")
		})
	}
}

func TestStallsEndWhenTheRuleGoes(t *testing.T) {
	t.Parallel()
	for _, do := range []rule.ByteFault{rule.BlackHole, rule.Partition} {
		hole, other := ofBytes(rule.Bytes{Do: do}, rule.Where{Clients: []string{"app"}}), ofBytes(rule.Bytes{Do: rule.Delay, Delay: 1}, rule.Where{Clients: []string{"nobody"}})
		hole.ID, other.ID = "hole", "other"
		h := newHarness(t, hole)
		stalled := h.shape(rule.Request).Stalled
		h.set(other, hole)
		select {
		case <-stalled:
			t.Fatal("another rule was set, and the stall ended")
		default:
		}
		h.set(other)
		select {
		case <-stalled:
		default:
			t.Fatal("the rule is gone, and the stall is not")
		}
		assert.Nil(t, h.shape(rule.Request))
	}
}

func TestShapesStack(t *testing.T) {
	t.Parallel()
	h := newHarness(t, ofBytes(rule.Bytes{Do: rule.Delay, Delay: time.Second}, rule.Where{}), ofBytes(rule.Bytes{Do: rule.Bandwidth, PerSecond: 9}, rule.Where{}),
		ofBytes(rule.Bytes{Do: rule.Reset}, rule.Where{}), ofBytes(rule.Bytes{Do: rule.SlowClose, Delay: time.Minute}, rule.Where{}))
	s := h.shape(rule.Response)
	assert.True(t, s.Reset)
	assert.Equal(t, time.Minute, s.CloseDelay)
	var delay time.Duration
	var rate int64
	for at := s; at != nil; at = at.And {
		delay, rate = delay+at.Delay, rate+at.PerSecond
	}
	assert.Equal(t, time.Second, delay)
	assert.Equal(t, int64(9), rate)
}

func TestDelaysAreDrawnAsSaid(t *testing.T) {
	t.Parallel()
	draw := func(b rule.Bytes) (out []time.Duration) {
		h := newHarness(t, ofBytes(b, rule.Where{}))
		for range 10_000 {
			out = append(out, h.shape(rule.Request).Delay)
		}
		return out
	}
	jitter := draw(rule.Bytes{Do: rule.Delay, Delay: 100 * time.Millisecond, Jitter: 20 * time.Millisecond})
	for _, d := range jitter {
		if d < 80*time.Millisecond || d > 120*time.Millisecond {
			t.Fatalf("%v is not 100 ms plus or minus 20", d)
		}
	}
	assert.Equal(t, jitter, draw(rule.Bytes{Do: rule.Delay, Delay: 100 * time.Millisecond, Jitter: 20 * time.Millisecond}), "the same seed")
	above, median := 0, 0
	for _, d := range draw(rule.Bytes{Do: rule.Delay, Delay: 10 * time.Millisecond, P99: 100 * time.Millisecond}) {
		if d > 100*time.Millisecond {
			above++
		}
		if d > 10*time.Millisecond {
			median++
		}
	}
	assert.InDelta(t, 100, above, 40, "one in a hundred is above the 99th percentile")
	assert.InDelta(t, 5000, median, 250, "one half is above the median")
}

func TestShapesByTopicNeedTheBody(t *testing.T) {
	t.Parallel()
	h := newHarness(t, ofBytes(rule.Bytes{Do: rule.Delay, Delay: time.Second}, onPartition0))
	for partition, want := range map[int32]bool{0: true, 1: false} {
		x := h.exchange(produceRequest(-1, map[int32][]byte{partition: bytesOf(t, batch(0, "a"))}))
		need, _ := h.ask(x)
		assert.Equal(t, relay.NeedRequest|relay.NeedResponse|relay.NeedShape, need)
		assert.Equal(t, want, h.Shape(x.Link, &x.Header, x, rule.Request) != nil)
	}
	assert.Nil(t, h.shape(rule.Request), "a heartbeat is of no topic")
}

func TestShapesOfWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	raw := relay.Link{Broker: 2, Raw: true}
	h := newHarness(t, ofBytes(rule.Bytes{Do: rule.Reset}, rule.Where{Brokers: []int32{2}}))
	assert.NotNil(t, h.Shape(raw, nil, nil, rule.Request))
	h = newHarness(t, ofBytes(rule.Bytes{Do: rule.Reset}, rule.Where{Clients: []string{"app"}}))
	assert.Nil(t, h.Shape(raw, nil, nil, rule.Request), "nobody knows its client")
}
