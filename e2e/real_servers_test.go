//go:build e2e

package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/experiment"
)

// slowestSink is how many seconds an acknowledged trade may take to be seen by
// a query. How long nothing is acknowledged depends on which broker leads.
const slowestSink = 15.0

func TestExperimentsOnRealServers(t *testing.T) {
	s := startServers(t)
	seen := map[string]outcome{}
	t.Run("one broker", func(t *testing.T) { oneBroker(t, s, seen) })
	var own *outcome
	t.Run("the log's own broker", func(t *testing.T) { own = ownBroker(t, s) })
	s.forgetTrades(t)
	t.Run("one of three", func(t *testing.T) {
		if own != nil {
			seen["own-broker-stop"] = *own // its log is the one that the tables are made from
		}
		oneOfThree(t, s, seen)
	})
	s.verdicts(t, seen)
	s.run(t)
}

// oneBroker stops the only broker: ingestion has nowhere to go. It is the
// document of the demo, unchanged. Its tables are maintained before others go on
// with them.
func oneBroker(t *testing.T, s servers, seen map[string]outcome) {
	t.Helper()
	p := startPlatform(t, s, s["E2E_SOLO_KAFKA"], s["E2E_CHAOS_KAFKA"], s.lake())
	s.awaitTrades(t)
	got := p.run("one-broker-stop", "../experiments/kafka-broker-stop.yaml")
	seen["one-broker-stop"] = got
	upheld(t, got, "ingestion_rate < 0.5 * baseline.ingestion_rate")
	assert.Greater(t, *got.Recovery.Impact.MaxIngestionGap, 8.0, "nothing is acknowledged without the broker")
	p.end()
	s.tagged(t, "one-broker-stop", got.Books)
	p.maintain(s)
	s.readWithOthers(t)
}

// ownBroker stops the broker that carries the log of the experiment: its
// commands wait outside Kafka, are foreseen, and are decided when it is back.
// Its trades are in a table of their own.
func ownBroker(t *testing.T, s servers) *outcome {
	t.Helper()
	p := startPlatform(t, s, s["E2E_CHAOS_KAFKA"], s["E2E_CHAOS_KAFKA"], nil)
	got := p.run("own-broker-stop", "../experiments/kafka-broker-stop.yaml")
	upheld(t, got, "ingestion_rate < 0.5 * baseline.ingestion_rate")
	p.end()
	readWithOthers(t, sqlCatalog(p.home)...)
	return &got
}

// oneOfThree breaks one broker of three in each way: ingestion goes on.
func oneOfThree(t *testing.T, s servers, seen map[string]outcome) {
	t.Helper()
	p := startPlatform(t, s, s["E2E_KAFKA"], s["E2E_CHAOS_KAFKA"], s.lake())
	for _, way := range []string{"stop", "kill", "pause"} {
		id := "one-of-three-" + way
		document := "documents/" + id + ".yaml"
		if way == "stop" {
			document = "../experiments/kafka-broker-one-of-three.yaml"
		}
		got := p.run(id, document)
		seen[id] = got
		upheld(t, got, "brokers_present < 3.0 && under_replicated_partitions > 0.0")
		assert.Zero(t, got.Books.Lost, id)
		assert.Less(t, *got.Recovery.Impact.MaxDataAge, *got.Recovery.Impact.MaxIngestionGap+slowestSink, "what is acknowledged is soon in the table")
		s.run(t)
	}
	got := p.run("one-of-three-refuted", "documents/one-of-three-refuted.yaml")
	seen["one-of-three-refuted"] = got
	assert.Equal(t, experiment.ExitRefuted, got.code, "a claim that the fault violates is refuted: %v", got.Reasons)
	assert.Equal(t, "refuted", got.Verdict)
	p.end()
	s.readWithOthers(t)
}

// upheld says that the claims hold, the fault was seen to bite as expected,
// every record is accounted for and the worst gap is told.
func upheld(t *testing.T, got outcome, impact string) {
	t.Helper()
	require.Equal(t, experiment.ExitUpheld, got.code, "%s: %v", got.Verdict, got.Reasons)
	assert.Equal(t, "upheld", got.Verdict)
	assert.True(t, got.told("expected impact holds: "+impact), "the expected impact was seen")
	assert.True(t, got.Books.Balanced, got.Books.Why)
	assert.Positive(t, got.Books.Taken)
	assert.Zero(t, got.Books.LostAcked)
	assert.Zero(t, got.Books.StoredTwice)
	require.NotNil(t, got.Recovery.Impact.MaxIngestionGap, "the worst gap in acknowledgements is told")
	t.Logf("worst gap in acknowledgements: %.1f s", *got.Recovery.Impact.MaxIngestionGap)
}

func (o outcome) told(text string) bool {
	for _, m := range o.Timeline {
		if strings.Contains(m.Text, text) {
			return true
		}
	}
	return false
}
