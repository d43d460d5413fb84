package answer

import (
	"bytes"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Throttle lets a response tell the client to wait, in whole milliseconds. It
// is false where the response has no place for it, as some of old versions,
// or tells a longer wait already.
func Throttle(resp kmsg.Response, wait time.Duration) bool {
	at, ok := resp.(kmsg.SetThrottleResponse)
	if !ok || !throttles(resp) {
		return false
	}
	ms := int32(min(wait.Milliseconds(), 1<<31-1)) //nolint:gosec // bounded
	if told, ok := resp.(kmsg.ThrottleResponse); ok {
		if was, _ := told.Throttle(); was >= ms {
			return false
		}
	}
	at.SetThrottle(ms)
	return true
}

// throttles says whether the version of a response carries a time: where it
// does, another time makes other bytes.
func throttles(resp kmsg.Response) bool {
	empty := resp.RequestKind().ResponseKind()
	set, ok := empty.(kmsg.SetThrottleResponse)
	if !ok {
		return false
	}
	set.SetThrottle(1)
	one := empty.AppendTo(nil)
	set.SetThrottle(2)
	return !bytes.Equal(one, empty.AppendTo(nil))
}
