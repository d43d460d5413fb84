package commands_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/internal/cloudevent/cloudeventtest"
	"github.com/k2-platform/faultline/spec"
)

// golden are the commands of the golden files.
func golden(t *testing.T) []commands.Command {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "v1", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	var out []commands.Command
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		e, err := commands.Decode("x", cloudevent.Event{ID: "1", Type: strings.TrimSuffix(filepath.Base(f), ".json"), Data: data})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Command)
	}
	return out
}

// What is written is read back the same, whatever is in it; what could not be
// is not written.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	all, written := golden(t), map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		for _, c := range all {
			e := commands.Envelope{ID: "1", Experiment: "x", At: time.Unix(1, 0).UTC(), By: "b", Command: cloudeventtest.Scramble(t, c)}
			event, err := commands.Encode(e)
			if err != nil {
				continue
			}
			written[event.Type]++
			back, err := commands.Decode("x", event)
			if err != nil {
				t.Fatalf("%s was written and cannot be read: %v", event.Data, err)
			}
			again, err := commands.Encode(back)
			if err != nil || !bytes.Equal(again.Data, event.Data) {
				t.Fatalf("%s was written, and is %s, %v", event.Data, again.Data, err)
			}
		}
	})
	for _, c := range all {
		if name := commands.TypeOf(c); written[name] == 0 && name != commands.TypeSchedule {
			t.Errorf("no %s was ever written: the test shows nothing", name)
		}
	}
}

func TestANegativeDurationIsNotWritten(t *testing.T) {
	back := spec.Duration(-time.Hour)
	_, err := commands.Encode(commands.Envelope{ID: "1", Experiment: "x", Command: commands.ReportRecovery{
		RecoveryMeasured: events.RecoveryMeasured{Recovered: true, FromInjection: &back},
	}})
	if err == nil || !strings.Contains(err.Error(), "is negative") || !strings.Contains(err.Error(), commands.ErrUnreadable.Error()) {
		t.Errorf("got %v", err)
	}
}
