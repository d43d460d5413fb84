package rule

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func TestThrottledAreThoseWhoseResponseSaysSo(t *testing.T) {
	var want []int16
	for key := range int16(kmsg.MaxKey + 1) {
		if r := kmsg.RequestForKey(key); r != nil {
			if _, ok := r.ResponseKind().(kmsg.ThrottleResponse); ok {
				want = append(want, key)
			}
		}
	}
	assert.Equal(t, want, throttled())
}
