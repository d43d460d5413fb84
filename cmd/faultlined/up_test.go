package main

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/bus/origin"
)

func over(s experiment.State) bool { return s.Phase.Over() }

func TestAnExperimentEndsWithOneVerdictAndALaterLifeKnowsIt(t *testing.T) {
	l := newLife(t)
	l.up()
	b := l.open()
	l.send(b, "1", "first", commands.Schedule{Document: control()})
	l.send(b, "1", "first", commands.Schedule{Document: control()}) // delivered twice
	s := l.await(b, "first", over)
	assert.Equal(t, events.Upheld, s.Verdict, s.Reasons)
	require.NoError(t, b.Close())
	l.down()
	assert.Equal(t, 1, l.rows("verdicts", "experiment", "first"), "rows of a pipeline that ended are in their tables")

	l.up()
	b = l.open()
	defer func() { require.NoError(t, b.Close()) }()
	l.send(b, "2", "first", commands.Abort{Reason: "too late"})
	s = l.await(b, "first", func(s experiment.State) bool { return s.Handled("2") })
	assert.Equal(t, experiment.Concluded, s.Phase, "a command for what is over changes nothing")
	l.down()
	assert.Equal(t, 1, l.rows("verdicts", "experiment", "first"))
	assert.Equal(t, 1, l.rows("events", "type", "io.faultline.command.refused.v1"), "the refusal is an event that says why")
}

func TestADocumentThatThePlatformCannotRunIsDenied(t *testing.T) {
	l := newLife(t)
	l.up()
	b := l.open()
	defer func() { require.NoError(t, b.Close()) }()
	d := control()
	d.Steps[0].Fault.Target = "two"
	l.send(b, "1", "denied", commands.Schedule{Document: d})
	s := l.await(b, "denied", over)
	assert.Equal(t, experiment.Denied, s.Phase)
	assert.Contains(t, s.Reasons[0], "two")
	l.down()
	assert.Equal(t, 1, l.rows("verdicts", "experiment", "denied"), "a denial is how it ended")
}

// TestBadRecordsAreBuriedAndTheirPartitionGoesOn writes what no handler can
// take to every topic that is read, then a good command behind it, under the
// same keys, so to the same partitions.
func TestBadRecordsAreBuriedAndTheirPartitionGoesOn(t *testing.T) {
	l := newLife(t)
	l.up()
	b := l.open()
	defer func() { require.NoError(t, b.Close()) }()
	bad := badRecords()
	sent := 0
	for _, topic := range []string{b.Topics().Commands, b.Topics().Events, b.Topics().Readings} {
		for _, r := range bad {
			require.NoError(t, b.Publisher().Publish(topic, r.message()))
			sent++
		}
	}
	l.send(b, "1", "k", commands.Abort{Reason: "nothing to abort"})
	l.await(b, "k", func(s experiment.State) bool { return s.Handled("1") })
	letters := readLetters(t, b, sent)
	for _, topic := range []string{b.Topics().Commands, b.Topics().Events, b.Topics().Readings} {
		for _, r := range bad {
			found := letters[topic+"/"+r.why]
			require.NotNil(t, found, "%s of %s is not among the dead letters", r.why, topic)
			assert.NotEmpty(t, found.Headers[bus.HeaderCause])
			assert.NotEmpty(t, found.Headers[bus.HeaderPartition])
			assert.NotEmpty(t, found.Headers[bus.HeaderOffset])
			_, err := time.Parse(time.RFC3339Nano, found.Headers[bus.HeaderTime])
			require.NoError(t, err)
			assert.Equal(t, r.key, found.Headers[bus.HeaderKey])
			assert.Equal(t, r.payload, string(found.Value))
		}
	}
}

type badRecord struct {
	why, key, payload string
	headers           map[string]string
}

// badRecords are of experiment k where they have a key at all.
func badRecords() []badRecord {
	ce := func(change map[string]string) map[string]string {
		h := map[string]string{
			"ce_specversion": "1.0", "ce_id": "bad", "ce_source": "t", "ce_subject": "k",
			"ce_type": "io.faultline.command.experiment.abort.v1", "ce_time": "2026-11-25T00:00:00Z",
		}
		maps.Copy(h, change)
		return h
	}
	return []badRecord{
		{"no headers", "k", "hello", nil},
		{"undecodable", "k", `{"reason": 3`, ce(nil)},
		{"unknown type", "k", `{}`, ce(map[string]string{"ce_type": "io.faultline.command.experiment.dance.v1"})},
		{"wrong version", "k", `{"reason":"x"}`, ce(map[string]string{"ce_type": "io.faultline.command.experiment.abort.v99"})},
		{"other CloudEvents", "k", `{"reason":"x"}`, ce(map[string]string{"ce_specversion": "0.3"})},
		{"key-less", "", `{"reason":"x"}`, ce(nil)},
		{"another's key", "k", `{"reason":"x"}`, ce(map[string]string{"ce_subject": "j"})},
		{"large", "k", strings.Repeat("x", 900<<10), ce(nil)},
	}
}

func (r badRecord) message() *message.Message {
	msg := message.NewMessage(r.why, []byte(r.payload))
	for name, value := range r.headers {
		msg.Metadata.Set(name, value)
	}
	msg.Metadata.Set("why", r.why)
	if r.key != "" {
		origin.SetKey(msg, r.key)
	}
	return msg
}

// readLetters reads dead letters until n are there, by their topic and why.
func readLetters(t *testing.T, b *bus.Bus, n int) map[string]*bus.Record {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	out := map[string]*bus.Record{}
	err := b.Read(ctx, b.Topics().DeadLetters, nil, func(records []bus.Record) error {
		for _, r := range records {
			out[r.Headers[bus.HeaderTopic]+"/"+r.Headers["why"]] = &r
		}
		if len(out) >= n {
			stop()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		require.NoError(t, err)
	}
	return out
}
