package events_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/spec"
)

func newGolden() *bool {
	return flag.Bool("new-golden", false, "write golden files that are missing; existing ones are never changed")
}

var writeMissing = newGolden() //nolint:gochecknoglobals // test flags must be registered before the tests run

func samples() []events.Event {
	at := time.Date(2026, 11, 24, 1, 2, 3, 4000, time.UTC)
	second, ratio := spec.Duration(time.Second), 0.5
	return []events.Event{
		events.ExperimentScheduled{By: "alice", Document: spec.Document{
			Faultline: "v1", Title: "t", System: "s", Environment: "test",
			Hypothesis: spec.Hypothesis{Claim: "c", SteadyState: []spec.Rule{{Name: "n", Expr: "error_rate < 0.01"}}, RecoversWithin: second, Tolerates: &spec.Loss{Fraction: 0.01}},
			Steps:      []spec.Step{{ID: "a", Fault: spec.Fault{Kind: "process.stop", Target: "kafka"}, For: second, After: &[]spec.StepID{}}},
		}},
		events.ExperimentDenied{By: "faultline", Reasons: []string{"unknown target"}},
		events.CommandRefused{Command: "c", Type: "t", By: "b", Why: "w"},
		events.BaselineStarted{Books: &events.BookMark{Taken: 1, Snapshot: 2}},
		events.BaselineEstablished{Metrics: map[string]events.Distribution{"m": {N: 1, Mean: 2, Median: 2, Max: 2}}, Windows: 10, Broken: 1},
		events.FaultInjectionRequested{Step: "a", Fault: spec.Fault{Kind: "process.stop", Target: "kafka", With: map[string]string{"grace": "1s"}}, MaxLife: second},
		events.FaultInjected{Step: "a", Receipt: "r", SeenAt: at},
		events.FaultInjectionFailed{Step: "a", Why: "w"},
		events.RequestRefused{Agent: "agent@h", What: "inject a", From: "controller", Why: "w"},
		events.RollbackTriggered{Rule: "r", Answer: events.Holds, Values: map[string]float64{"m": 1}, ReadAt: at, Observed: 7},
		events.RollbackRequested{Step: "a", Cause: events.Trigger, Reason: "r"},
		events.FaultRolledBack{Step: "a", Cause: events.Planned, SeenAt: at},
		events.RollbackStuck{Step: "a", Why: "w", Manual: "m"},
		events.ClaimJudged{Claim: events.ClaimImpact, Rule: "r", Answer: events.Violated, At: at, Values: map[string]float64{"m": 1}, Detail: "d"},
		events.RecoveryMeasured{Recovered: true, FromInjection: &second, FromRollback: &second, Why: "w", Impact: events.UserImpact{MinAvailability: &ratio}},
		events.BooksClosed{Taken: 3, Stored: 2, Lost: 1, LossFraction: 0.25, Balanced: true, Examples: []string{"k"}},
		events.Concluded{Verdict: events.Refuted, Aborted: true, Reasons: []string{"r"}},
		events.NoteAdded{Kind: events.Finding, Text: "t", By: "b", Event: 3, Column: "c"},
		events.ExperimentKept{By: "b"},
		decided(at),
		events.ApprovalRequested{Reasons: []string{"production"}},
		events.ExperimentApproved{By: "b", Reason: "r"},
	}
}

func decided(at time.Time) events.BlastRadiusDecided {
	none, half, members := 0, 0.5, []spec.TargetName{"kafka"}
	return events.BlastRadiusDecided{
		NeedsApproval: true, Policy: "p", Reasons: []string{"r"}, Warnings: []string{"w"},
		Rules: []events.RadiusRule{{Name: "start_small", Answer: events.Violated, Why: "y", Missing: []string{"live"}, Warns: true}},
		Inputs: events.RadiusInputs{
			Experiment: "x", Title: "t", System: "s", Environment: "production", BlastRadius: spec.Isolated,
			Labels: map[string]string{"team": "data"}, Requester: "alice@a", IKnow: true, ApprovedBy: "bob@b", At: at, AtOnce: 1,
			PerTarget: map[spec.TargetName]int{"kafka": 1},
			Faults: []events.RadiusFault{{
				Step: "a", Kind: "process.stop", Risk: "caution", Target: "kafka", Members: members, Harmless: true, Serves: true,
				UpheldSmaller: &none, Brokers: []events.BrokerGroup{{Name: "kafka", Members: members, Healthy: &members}},
			}},
			Live:    &events.LiveFaults{Total: 1, PerTarget: map[spec.TargetName]int{"sink": 1}},
			Traffic: events.Traffic{IngestionRate: &half, WeekMedian: &half},
		},
	}
}

// TestGolden keeps the wire readable for ever: what an older version wrote is
// what this version reads, and what this version writes.
func TestGolden(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range samples() {
		name := events.TypeOf(e)
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "v1", name+".json")
			want, err := os.ReadFile(path)
			if errors.Is(err, os.ErrNotExist) && *writeMissing {
				want = mustIndent(t, e)
				if err := os.WriteFile(path, want, 0o600); err != nil {
					t.Fatal(err)
				}
			} else if err != nil {
				t.Fatalf("reading golden file: %v; run the test with -new-golden for a new type", err)
			}
			if got := mustIndent(t, e); !bytes.Equal(got, want) {
				t.Errorf("the wire changed:\n%s\nwas\n%s", got, want)
			}
			back, err := events.DecodeEvent(name, want)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(back, e) {
				t.Errorf("read back %+v, want %+v", back, e)
			}
		})
	}
	files, err := filepath.Glob(filepath.Join("testdata", "v1", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[strings.TrimSuffix(filepath.Base(f), ".json")] {
			t.Errorf("%s has no sample: a type was dropped from the wire", f)
		}
	}
}

func mustIndent(t *testing.T, e any) []byte {
	t.Helper()
	out, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func TestBatchComesBack(t *testing.T) {
	b := events.Batch{Experiment: "x", Version: 3, Cause: "c", At: time.Unix(5, 0).UTC(), Events: samples()}
	c, err := events.EncodeBatch(b, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if err != nil {
		t.Fatal(err)
	}
	read, err := cloudevent.FromHeaders(c.Headers(), c.Data)
	if err != nil {
		t.Fatal(err)
	}
	back, err := events.DecodeBatch(read)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, b) || read.TraceParent == "" {
		t.Errorf("got %+v, want %+v", back, b)
	}
}

func TestUnknownFieldIsIgnoredAndUnknownTypeIsNot(t *testing.T) {
	e, err := events.DecodeEvent(events.TypeFaultInjectionFailed, []byte(`{"step":"a","why":"w","invented_later":1}`))
	if err != nil || e != (events.FaultInjectionFailed{Step: "a", Why: "w"}) {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := events.DecodeEvent("io.faultline.fault.injected.v9", []byte(`{}`)); !errors.Is(err, events.ErrUnknownType) {
		t.Errorf("got %v, want ErrUnknownType", err)
	}
}

// TestAReaderLeavesLittleToEncodingJSON: what Faultline writes is read the
// quick way, or a long log takes twice as long.
func TestAReaderLeavesLittleToEncodingJSON(t *testing.T) {
	r := events.NewReader().Plain()
	for _, e := range samples() {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		back := reflect.New(reflect.TypeOf(e))
		if !r.Read(data, back.Interface()) || !reflect.DeepEqual(back.Elem().Interface(), e) {
			t.Errorf("%s was not read, or as %+v", data, back.Elem())
		}
	}
}

func FuzzDecodeBatch(f *testing.F) {
	reader := events.NewReader()
	b, err := events.EncodeBatch(events.Batch{Experiment: "x", Version: 1, Cause: "c", Events: samples()}, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Data)
	f.Add([]byte(`{"experiment":"x","version":1,"cause":"c","events":[{"type":"io.faultline.note.added.v1","data":{"text":"a \\"}{ \\\\"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := events.DecodeBatch(cloudevent.Event{Type: events.TypeBatch, Data: data})
		if quick, qerr := reader.Batch(cloudevent.Event{Type: events.TypeBatch, Data: data}); (err == nil) != (qerr == nil) || !reflect.DeepEqual(got, quick) {
			t.Fatalf("read %+v, %v, and by a Reader %+v, %v", got, err, quick, qerr)
		}
		// Spaces between the tokens send the same batch the long way.
		var spaced bytes.Buffer
		if json.Indent(&spaced, data, "", " ") != nil {
			if err == nil {
				t.Fatal("what is no JSON was read")
			}
			return
		}
		long, lerr := events.DecodeBatch(cloudevent.Event{Type: events.TypeBatch, Data: spaced.Bytes()})
		if (err == nil) != (lerr == nil) || !reflect.DeepEqual(got, long) {
			t.Fatalf("read %+v, %v, and with spaces %+v, %v", got, err, long, lerr)
		}
		if err != nil {
			return
		}
		again, err := events.EncodeBatch(got, "")
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := events.DecodeBatch(again); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}

// TestBooksWithoutGroundTruthStayReadable: what was written before there was
// any has none, and what has it is read back.
func TestBooksWithoutGroundTruthStayReadable(t *testing.T) {
	e := events.BooksClosed{Taken: 3, Why: "w", Truth: &events.GroundTruth{Receipts: 1, Written: 4, Entries: 3, Why: "one is missing"}}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	back, err := events.DecodeEvent(events.TypeBooksClosed, data)
	if err != nil || !reflect.DeepEqual(back, e) {
		t.Errorf("read back %+v, %v", back, err)
	}
	old, err := os.ReadFile(filepath.Join("testdata", "v1", events.TypeBooksClosed+".json"))
	if err != nil {
		t.Fatal(err)
	}
	back, err = events.DecodeEvent(events.TypeBooksClosed, old)
	if books, ok := back.(events.BooksClosed); err != nil || !ok || books.Truth != nil {
		t.Errorf("read %+v, %v", back, err)
	}
}
