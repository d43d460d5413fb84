package events_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// TestBooksCarryTheirChecks as they were first written, and read them the quick
// way, too.
func TestBooksCarryTheirChecks(t *testing.T) {
	at := time.Date(2026, 11, 24, 1, 2, 3, 4000, time.UTC)
	e := events.BooksClosed{Balanced: true, Checks: []events.IntegrityCheck{
		{
			Check: "window_sum_price", From: at, To: at.Add(time.Minute), Expected: "12.340000", Actual: "12.34", Answer: events.Violated,
			Evidence: "e", Cost: events.CheckCost{Duration: spec.Duration(time.Second), Rows: 2, Bytes: 3},
		},
		{Check: "files_present", Evidence: "the store is away"},
	}}
	const wire = `{"from":{"taken":0,"snapshot":0},"to":{"taken":0,"snapshot":0},"during_snapshot":0,"taken":0,"stored":0,"dead_lettered":0,` +
		`"dropped":0,"lost_acked":0,"lost":0,"stored_twice":0,"loss_fraction":0,"balanced":true,"checks":[` +
		`{"check":"window_sum_price","from":"2026-11-24T01:02:03.000004Z","to":"2026-11-24T01:03:03.000004Z","expected":"12.340000","actual":"12.34",` +
		`"answer":"violated","evidence":"e","cost":{"duration":"1s","rows":2,"bytes":3}},` +
		`{"check":"files_present","answer":"unknown","evidence":"the store is away","cost":{"duration":"0s"}}]}`
	requireWire(t, e, wire)
}

// requireWire says that books are written like that, and read back, also the
// quick way.
func requireWire(t *testing.T, e events.BooksClosed, wire string) {
	t.Helper()
	data, err := json.Marshal(e)
	if err != nil || string(data) != wire {
		t.Errorf("the wire changed, %v:\n%s\nwas\n%s", err, data, wire)
	}
	var quick events.BooksClosed
	if !events.NewReader().Plain().Read([]byte(wire), &quick) || !reflect.DeepEqual(quick, e) {
		t.Errorf("read the quick way %+v, want %+v", quick, e)
	}
	back, err := events.DecodeEvent(events.TypeBooksClosed, []byte(wire))
	if err != nil || !reflect.DeepEqual(back, e) {
		t.Errorf("read back %+v, %v", back, err)
	}
}
