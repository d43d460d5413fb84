package commands_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/spec"
)

// TestGoldenCommands reads each command as a service in another language
// would have written it, and writes it back the same.
func TestGoldenCommands(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "v1", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 20 {
		t.Fatalf("%d golden files, want one for each of the 20 commands", len(files))
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			e, err := commands.Decode("x", cloudevent.Event{ID: "1", Type: name, Source: "svc", Data: data})
			if err != nil {
				t.Fatal(err)
			}
			c, err := commands.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			if c.Type != name {
				t.Errorf("written as %s", c.Type)
			}
			var got, want any
			if err := json.Unmarshal(c.Data, &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("written as %s", c.Data)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	cases := map[string]struct {
		key, kind, data, want string
	}{
		"no key":          {"", commands.TypeAbort, `{}`, "no key"},
		"bad key":         {"Not An Id", commands.TypeAbort, `{}`, "experiment id"},
		"unknown type":    {"x", "io.faultline.command.explode.v1", `{}`, "unknown command type"},
		"other version":   {"x", "io.faultline.command.experiment.abort.v2", `{}`, "unknown command type"},
		"not JSON":        {"x", commands.TypeAbort, `{`, "reading"},
		"wrong type":      {"x", commands.TypeAbort, `{"reason":7}`, "reason"},
		"typo in the doc": {"x", commands.TypeSchedule, `{"document":{"faultline":"v1","titel":"t"}}`, "did you mean title?"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := commands.Decode(c.key, cloudevent.Event{ID: "1", Type: c.kind, Data: []byte(c.data)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("x", commands.TypeAbort, []byte(`{"reason":"r"}`))
	f.Add("x", commands.TypeNote, []byte(`{"kind":"finding","text":"t"}`))
	f.Fuzz(func(t *testing.T, key, kind string, data []byte) {
		e, err := commands.Decode(key, cloudevent.Event{ID: "1", Type: kind, Source: "s", Time: time.Unix(1, 0), Data: data})
		if err != nil {
			return
		}
		if _, err := commands.Encode(e); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}

func TestEncodeNeedsAnIdentity(t *testing.T) {
	if _, err := commands.Encode(commands.Envelope{Experiment: "x", Command: commands.Note{Kind: events.Finding}}); err == nil {
		t.Error("a command without an id was written")
	}
}

func TestWhatWasAcknowledgedComesThrough(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "v1", commands.TypeSchedule+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for acknowledged, text := range map[bool]string{false: string(data), true: strings.Replace(string(data), "{", `{"i_know": true, `, 1)} {
		e, err := commands.Decode("exp-1", cloudevent.Event{ID: "1", Type: commands.TypeSchedule, Data: []byte(text)})
		if err != nil {
			t.Fatal(err)
		}
		if e.Command.(commands.Schedule).IKnow != acknowledged {
			t.Errorf("i_know reads as %t, want %t", !acknowledged, acknowledged)
		}
	}
}

func TestNoTriggersStayNoTriggersOnTheWire(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "v1", commands.TypeSchedule+".json"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := commands.Decode("exp-1", cloudevent.Event{ID: "1", Type: commands.TypeSchedule, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	none := e.Command.(commands.Schedule)
	none.Document.Triggers = []spec.Rule{}
	e.Command = none
	event, err := commands.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	back, err := commands.Decode("exp-1", event)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Command.(commands.Schedule).Document.WithDefaults().Triggers; len(got) != 0 {
		t.Errorf("the author wanted no triggers and got %v", got)
	}
}
