//go:build e2e

package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
)

// shown is how long a fault stays in force once it has met every client.
const shown = 1500 * time.Millisecond

// TestFaultsAreSeen puts every fault of docs/KAFKA_FAULTS.md in force under
// all clients at once, and lifts it again.
func TestFaultsAreSeen(t *testing.T) {
	all, p := programs(t), startProxy(t, brokers(t, "E2E_KAFKA"), "--registry", fromEnv(t, "E2E_REGISTRY"))
	for _, application := range applications() {
		t.Run(application, func(t *testing.T) {
			l := begin(t, p, all, application)
			l.started()
			for _, r := range rows() {
				if r.by != application {
					continue
				}
				if !t.Run(r.fault, func(t *testing.T) { l.show(t, r) }) && l.lost {
					t.FailNow() // a client that does not go on sees nothing more
				}
			}
			l.end()
			for _, w := range l.clients {
				w.end(t)
				w.alone(t, p)
				w.look(t)
				if application != plain { // of which records were dropped
					w.kept(t)
				}
			}
		})
	}
}

func (l *life) show(t *testing.T, r row) {
	t.Helper()
	was := l.T
	l.T = t
	defer func() { l.T = was }()
	known := time.Now().Add(patience)
	for try := 1; ; try++ {
		windows, receipts := l.under(r)
		var otherwise []string
		touched := 0
		for i, w := range windows {
			got, want := told(w.words(), r.sees[i]), certain(r.sees[i])
			if got != want {
				otherwise = append(otherwise, fmt.Sprintf("%s saw %q, want %q", w.name, got, want))
			}
			if kind, with := split(r.fault); truth.Touches(kind) {
				// Who sent no two records together saw nothing, and nothing of its was touched: it is shown again.
				entries := l.proxy.groundTruth(t, receipts[i])
				touched += len(entries)
				if got == want || len(entries) > 0 {
					w.accounted(t, kind, with, entries)
				}
			}
			t.Logf("%s: %q", w.name, w.words())
		}
		if len(otherwise) == 0 {
			return
		}
		if kind, _ := split(r.fault); kind == "kafka.corrupt" && touched == 0 && time.Now().Before(known) {
			try = 0 // no value is corrupted before the registry has told its schema
		}
		if try == tries {
			t.Fatalf("seen otherwise %d times, the last time:\n%s", tries, strings.Join(otherwise, "\n"))
		}
		t.Logf("seen otherwise, which a machine that stands still for a second can do; once more:\n%s", strings.Join(otherwise, "\n"))
	}
}

// tries is how often a row may be shown: what clients do under a fault depends
// on when it meets them, and when they are let run.
const tries = 3

// told leaves out that something was late where that is not what the row is
// about: what is tried again takes its time, and this machine has others to
// serve.
func told(saw []string, expected string) string {
	return strings.Join(slices.DeleteFunc(saw, func(word string) bool {
		return strings.HasSuffix(word, " late") && !strings.Contains(expected, word) || strings.Contains(expected, "("+word+")")
	}), ", ")
}

// certain leaves out what is in brackets.
func certain(expected string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(expected, ", "), func(word string) bool { return strings.HasPrefix(word, "(") }), ", ")
}

// under has a fault in force, and lifted, under all clients, and gives the
// receipts.
func (l *life) under(r row) (out []window, first []string) {
	l.Helper()
	kind, with := split(r.fault)
	out = make([]window, len(l.clients))
	after, receipts := make([]map[int32]int64, len(l.clients)), make([][]string, len(l.clients))
	for i, w := range l.clients {
		w.look(l.T)
		out[i], after[i] = window{watched: w, first: len(w.events)}, w.stored.ends(w.topic)
		receipts[i] = []string{l.put(w, kind, with)}
		for also := range strings.SplitSeq(r.with, ";") {
			if also != "" {
				kind, with := split(also)
				receipts[i] = append(receipts[i], l.put(w, kind, with))
			}
		}
	}
	if r.then == consumersLeave {
		l.renewConsumers()
	}
	for i := range l.clients {
		out[i].asked = kind == "kafka.slow_close" || l.meets(receipts[i][0], !strings.Contains(r.sees[i], neverAsks)) // nobody may close a connection
	}
	if r.then == leadersMove {
		for _, w := range l.clients {
			moveLeaders(l.T, l.proxy.brokers, w.topic)
		}
	}
	shown := shown
	if strings.Contains(r.fault, "every=") && kind != "kafka.hold" { // whatever came is seen, and nothing else
		shown /= 3
	}
	for i := range out {
		out[i].long = shown > time.Second
	}
	l.pass(shown / 3)
	for i, w := range l.clients {
		w.look(l.T)
		out[i].met = len(w.events)
	}
	l.pass(shown)
	for i, w := range l.clients {
		w.look(l.T)
		out[i].lifted = len(w.events)
		for _, receipt := range receipts[i] {
			require.NoError(l, l.control.Lift(l.Context(), receipt))
		}
	}
	upTo := l.caughtUp("after " + r.fault)
	for i, w := range l.clients {
		out[i].last = len(w.events)
		out[i].stored = w.stored.between(w.topic, after[i], upTo[i])
		first = append(first, receipts[i][0])
	}
	return out, first
}

// meets waits until a fault has met something, if it is to.
func (l *life) meets(receipt string, expected bool) bool {
	l.Helper()
	met := l.met(receipt)
	for end := time.Now().Add(patience / 2); expected && !met && time.Now().Before(end); met = l.met(receipt) {
		l.pass(20 * time.Millisecond)
	}
	return met
}

// kept says that what was acknowledged in all its life is where that said.
func (w *watched) kept(t *testing.T) {
	t.Helper()
	acked := 0
	for _, e := range w.events {
		if e.Event != "acked" || e.Offset < 0 { // a broker that was asked twice may not know where it is
			continue
		}
		if acked++; w.stored.has(w.topic, place{e.Partition, e.Offset}) {
			continue
		}
		require.Eventually(t, func() bool { return w.stored.has(w.topic, place{e.Partition, e.Offset}) }, patience, 10*time.Millisecond, "%s: %d is at %d/%d", w.name, e.N, e.Partition, e.Offset)
	}
	assert.Positive(t, acked)
}

// pass lets a fault be at work for a while: that nothing comes is what it may
// do.
func (l *life) pass(d time.Duration) {
	l.Helper()
	select {
	case <-time.After(d):
	case <-l.Context().Done():
	}
}
