package events_test

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/cloudevent/cloudeventtest"
)

// What is written is read back the same, whatever is in it; what could not be
// is not written.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	written := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		for _, e := range samples() {
			b := events.Batch{Experiment: "x", Version: 1, Cause: "c", At: time.Unix(1, 0).UTC(), Events: []events.Event{cloudeventtest.Scramble(t, e)}}
			event, err := events.EncodeBatch(b, "")
			if err != nil {
				continue
			}
			written[events.TypeOf(e)]++
			back, err := events.DecodeBatch(event)
			if err != nil {
				t.Fatalf("%s was written and cannot be read: %v", event.Data, err)
			}
			again, err := events.EncodeBatch(back, "")
			if err != nil || !bytes.Equal(again.Data, event.Data) {
				t.Fatalf("%s was written, and is %s, %v", event.Data, again.Data, err)
			}
		}
	})
	for _, e := range samples() {
		if written[events.TypeOf(e)] == 0 {
			t.Errorf("no %s was ever written: the test shows nothing", events.TypeOf(e))
		}
	}
}
