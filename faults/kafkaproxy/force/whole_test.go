package force_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults/kafkaproxy/force"
	"github.com/k2-platform/faultline/faults/kafkaproxy/payload"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
)

// TestOfTheWholeProxy corrupts JSON on its way to a consumer, with the journal
// and the corrupter that the proxy has.
func TestOfTheWholeProxy(t *testing.T) {
	j, err := truth.Open(t.TempDir(), truth.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, j.Shut()) })
	l := newLabOf(t, force.Options{Journal: j, Corrupter: payload.New(nil, "", 1)})
	for _, v := range []string{`{"price":100,"quantity":3}`, `{"price":5,"quantity":5}`, `not json`} {
		require.NoError(t, l.direct.ProduceSync(l.within(10*time.Second), &kgo.Record{Topic: "trades", Value: []byte(v)}).FirstErr())
	}
	for name, c := range map[string]struct {
		how     rule.Corrupt
		want    []string
		touched uint64
	}{
		"swap":      {rule.Corrupt{Do: rule.FieldSwap, Fields: []string{"price", "quantity"}}, []string{`{"price":3,"quantity":100}@0`, `{"price":5,"quantity":5}@1`, `not json@2`}, 1},
		"null":      {rule.Corrupt{Do: rule.NullValue}, []string{"@0", "@1", "@2"}, 3},
		"timestamp": {rule.Corrupt{Do: rule.TimestampShift, By: time.Hour}, []string{`{"price":100,"quantity":3}@0`, `{"price":5,"quantity":5}@1`, `not json@2`}, 3},
	} {
		r := corrupt(rule.Response)
		r.ID, r.Corrupt = name, &c.how
		l.set(r)
		rs := l.poll(l.client(kgo.ConsumeTopics("trades")), 3)
		assert.Equal(t, c.want, seen(rs), name)
		switch name {
		case "null":
			assert.Nil(t, rs[0].Value)
		case "timestamp":
			assert.Greater(t, time.Until(rs[0].Timestamp), 50*time.Minute)
		}
		assert.Equal(t, c.touched, l.Status()[name].Touched, name)
		assert.Equal(t, c.touched, j.Counts(name), "%s: each is in the books", name)
	}
}
