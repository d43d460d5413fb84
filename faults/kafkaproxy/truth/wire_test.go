package truth

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/internal/cloudevent"
)

//nolint:gochecknoglobals // test flags must be registered before the tests run
var writeMissing = flag.Bool("new-golden", false, "write golden files that are missing; existing ones are never changed")

func samples() []Fact {
	at := time.Date(2026, 11, 25, 1, 2, 3, 4000, time.UTC)
	one, two := fetched("x", "r", 41), produced("r", 5, 1)
	one.Run, one.Seq, one.At = "life", 1, at
	two.Run, two.Seq, two.At = "life", 3, at
	return []Fact{
		{Entries: &Entries{Experiment: "x", Run: "life", Entries: []Entry{one, two}}},
		{Closed: &Closed{
			Receipt: Receipt{ID: "r", Experiment: "x", Step: "corrupt", Fault: "kafka.corrupt"},
			Written: 2, Runs: []RunPart{{Run: "life", Written: 2, Last: 3}}, At: at,
		}},
	}
}

// TestGolden keeps the wire readable for ever.
func TestGolden(t *testing.T) {
	for _, f := range samples() {
		event, err := Encode(f)
		require.NoError(t, err)
		var got bytes.Buffer
		require.NoError(t, json.Indent(&got, event.Data, "", "  "))
		got.WriteByte('\n')
		path := filepath.Join("testdata", "v1", event.Type+".json")
		want, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) && *writeMissing {
			want = got.Bytes()
			require.NoError(t, os.WriteFile(path, want, 0o600))
		} else {
			require.NoError(t, err, "run the test with -new-golden for a new type")
		}
		assert.Equal(t, string(want), got.String(), "the wire changed")
		event.Data = want
		back, err := Decode(event)
		require.NoError(t, err)
		assert.Equal(t, f, back)
		assert.Equal(t, "x", event.Subject)
	}
}

func TestWhatSaysNothingIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Entries, *Closed){
		"must be set":          func(e *Entries, c *Closed) { e.Run, c.ID = "", "" },
		"the record of":        func(e *Entries, _ *Closed) { e.Entries[1].Experiment = "y" },
		"must rise":            func(e *Entries, _ *Closed) { e.Entries[1].Seq = 1 },
		"cannot be":            func(_ *Entries, c *Closed) { c.Runs[0].Last = 1 },
		"in all it has 7":      func(_ *Entries, c *Closed) { c.Written = 7 },
		"experiment, run and ": func(e *Entries, _ *Closed) { e.Entries = []Entry{} },
	} {
		all := samples()
		e, c := all[0].Entries, all[1].Closed
		spoil(e, c)
		refused := 0
		for kind, value := range map[string]any{TypeEntries: e, TypeClosed: c} {
			data, err := json.Marshal(value)
			require.NoError(t, err)
			if _, err := Decode(cloudevent.Event{Type: kind, Data: data}); err != nil {
				assert.ErrorContains(t, err, name)
				refused++
			}
		}
		assert.Positive(t, refused, name)
	}
	_, err := Decode(cloudevent.Event{Type: "other"})
	require.ErrorIs(t, err, events.ErrUnknownType)
	_, err = Encode(Fact{})
	require.ErrorContains(t, err, "says nothing")
}

func TestKindsThatTouchRecords(t *testing.T) {
	assert.True(t, Touches("kafka.corrupt"))
	assert.False(t, Touches("kafka.delay"))
}

func FuzzDecode(f *testing.F) {
	for _, one := range samples() {
		event, err := Encode(one)
		require.NoError(f, err)
		f.Add(event.Type, event.Data)
	}
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		fact, err := Decode(cloudevent.Event{Type: kind, Data: data})
		if err != nil {
			return
		}
		event, err := Encode(fact)
		if err != nil {
			return // a time that JSON has no words for
		}
		back, err := Decode(event)
		if err != nil || back.Experiment() != fact.Experiment() {
			t.Fatalf("read back %+v, %v", back, err)
		}
	})
}
