package events_test

import (
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

func page() events.LedgerPage {
	return events.LedgerPage{
		Experiment: "x", Closing: "c", Seq: 2, At: time.Date(2026, 11, 26, 1, 2, 3, 4000, time.UTC),
		Records: []events.LedgerRecord{{Class: "altered", Partition: 1, Offset: 7, Key: "k", Reason: "r", Differ: []string{"price: sent 1, stored 2"}}},
		Letters: []events.DeadLetter{{
			Topic: "dead", Partition: 3, Offset: 4, Part: 1, Parts: 2, KeyBase64: "AAE=", SchemaID: 5, Reason: "r", RawBase64: "AP8=",
			OriginalTopic: "trades", OriginalPartition: 1, OriginalOffset: 7, Class: "stored_and_dead_lettered", Resolved: true,
		}},
	}
}

// TestAPageStaysReadable is TestGolden for pages.
func TestAPageStaysReadable(t *testing.T) {
	const path = "testdata/" + events.TypeLedgerPage + ".json"
	want, err := os.ReadFile(path)
	if os.IsNotExist(err) && *writeMissing {
		want = mustIndent(t, page())
		err = os.WriteFile(path, want, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := mustIndent(t, page()); string(got) != string(want) {
		t.Errorf("the wire changed:\n%s\nwas\n%s", got, want)
	}
	event, err := events.EncodeLedgerPage(page())
	if err != nil || event.ID != "x/ledger/c/2" || event.Subject != "x" {
		t.Errorf("encoded %+v, %v", event, err)
	}
	event.Data = want
	if back, err := events.DecodeLedgerPage(event); err != nil || !reflect.DeepEqual(back, page()) {
		t.Errorf("read back %+v, %v", back, err)
	}
}

func TestWhatIsNoPageIsRefused(t *testing.T) {
	for name, e := range map[string]cloudevent.Event{
		"another type":  {Type: events.TypeTick, Data: []byte(`{"experiment":"x","closing":"c","seq":1}`)},
		"no JSON":       {Type: events.TypeLedgerPage, Data: []byte(`{`)},
		"no experiment": {Type: events.TypeLedgerPage, Data: []byte(`{"closing":"c","seq":1}`)},
		"no closing":    {Type: events.TypeLedgerPage, Data: []byte(`{"experiment":"x","seq":1}`)},
		"no seq":        {Type: events.TypeLedgerPage, Data: []byte(`{"experiment":"x","closing":"c"}`)},
	} {
		if p, err := events.DecodeLedgerPage(e); err == nil {
			t.Errorf("%s: read %+v", name, p)
		}
	}
}

// TestBooksCarryTheirLedger as it was first written, and read it the quick way,
// too.
func TestBooksCarryTheirLedger(t *testing.T) {
	e := events.BooksClosed{Balanced: true, Ledger: &events.RecordLedger{
		Records: 5, Rows: 4, Letters: 1, Classes: map[string]int64{"stored_once": 3, "altered": 1, "dead_lettered": 1}, Unknown: 2,
		Reasons: map[string]int64{"invalid": 1}, Examples: page().Records, Complete: true, Why: "w",
		Pages: &events.LedgerPages{Closing: "c", Pages: 2, Records: 2, Letters: 1},
	}}
	const wire = `{"from":{"taken":0,"snapshot":0},"to":{"taken":0,"snapshot":0},"during_snapshot":0,"taken":0,"stored":0,"dead_lettered":0,` +
		`"dropped":0,"lost_acked":0,"lost":0,"stored_twice":0,"loss_fraction":0,"balanced":true,"ledger":{"records":5,"rows":4,"letters":1,` +
		`"classes":{"altered":1,"dead_lettered":1,"stored_once":3},"unknown":2,"reasons":{"invalid":1},` +
		`"examples":[{"class":"altered","partition":1,"offset":7,"key":"k","reason":"r","differ":["price: sent 1, stored 2"]}],` +
		`"complete":true,"why":"w","pages":{"closing":"c","pages":2,"records":2,"letters":1}}}`
	requireWire(t, e, wire)
}

// TestTheZeroLedgerIsNotComplete, so that nobody takes it for one.
func TestTheZeroLedgerIsNotComplete(t *testing.T) {
	back, err := events.DecodeEvent(events.TypeBooksClosed, []byte(`{"ledger":{}}`))
	if b, ok := back.(events.BooksClosed); err != nil || !ok || b.Ledger == nil || b.Ledger.Complete {
		t.Errorf("read %+v, %v", back, err)
	}
}
