//go:build e2e

package proxy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// life is one life of every client, through one proxy, that several faults
// come and go in.
type life struct {
	*testing.T
	proxy   proxy
	control control.Client
	stored  *store
	clients []*watched
	enough  string // file that ends them
	faults  int
	lost    bool // a client does not go on
}

// watched is a client that observes, and what it told so far.
type watched struct {
	*running
	name   string
	topic  string
	read   int // bytes of its output
	events []event
	stored *store
	lifted int64 // when, by its own clock, it was last waited for
}

// afterLift is how much later something must have been sent to be sure that no
// fault met it, in milliseconds.
const afterLift = 500

const timeout = 2 * time.Second // of the clients' requests

// begin starts the clients as an application of rows.
func begin(t *testing.T, p proxy, all []program, application string) *life {
	t.Helper()
	l := &life{T: t, proxy: p, enough: filepath.Join(t.TempDir(), "enough")}
	address, err := control.Address(p.home)
	require.NoError(t, err)
	l.control = control.Client{Address: address}
	var topics []string
	for _, c := range all {
		prefix := fresh(c.name)
		l.clients = append(l.clients, &watched{name: c.name, topic: prefix + "-observe", running: &running{prefix: prefix}})
		topics = append(topics, prefix+"-observe")
	}
	shape, group := shapeOf(t, "json"), "classic"
	producer, other, _ := strings.Cut(application, ", ")
	switch application {
	case newGroup:
		group = "consumer"
	case avro, protobuf:
		shape = shapeOf(t, strings.ToLower(other))
	}
	l.stored = watchStore(t, p.brokers, producer == transactional, shape, topics...)
	for i, c := range all {
		w := l.clients[i]
		w.stored = l.stored
		w.running = c.start(t, p.bootstrap, w.prefix, "--mode", "observe", "--seconds", fmt.Sprint(longestLife.Seconds()), "--stop-file", l.enough,
			"--interval-ms", "100", "--burst", "6", "--values", shape.values, "--schema-id", fmt.Sprint(shape.schema), "--group-protocol", group, "--renew-file", l.renewal(w), "--producer", producer, "--timeout-ms", fmt.Sprint(timeout.Milliseconds()))
	}
	t.Cleanup(func() { // a client that failed is none the less ended
		for _, w := range l.clients {
			w.stop()
			_ = w.cmd.Wait()
		}
	})
	return l
}

// look takes what the client told since the last look.
func (w *watched) look(t *testing.T) {
	t.Helper()
	told := w.out.lines(w.read)
	for line := range strings.Lines(told) {
		var e event
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		w.events = append(w.events, e)
	}
	w.read += len(told)
}

// put puts a fault in force for one client, and gives its receipt.
func (l *life) put(w *watched, kind string, with map[string]string) string {
	l.Helper()
	boot, err := ledger.BootID()
	require.NoError(l, err)
	l.faults++
	receipt := fmt.Sprintf("%s-%d", w.prefix, l.faults)
	own := map[string]string{"client_id": w.prefix}
	maps.Copy(own, with)
	_, err = l.control.Put(l.Context(), receipt, control.Fault{
		Experiment: "rows", Step: "row", Kind: kind, With: own, BootID: boot, Expires: ledger.Boottime() + longestLife, Lease: spec.Duration(control.LongestLease),
	})
	require.NoError(l, err)
	return receipt
}

// met says whether a fault has met something.
func (l *life) met(receipt string) bool {
	l.Helper()
	s, err := l.control.Get(l.Context(), receipt)
	require.NoError(l, err)
	return s.Count != nil && s.Count.Met > 0
}

// renewal is the file that has a client's consumer leave.
func (l *life) renewal(w *watched) string { return l.enough + "-" + w.name }

// renewConsumers has the consumers leave their groups, and others join them.
func (l *life) renewConsumers() {
	l.Helper()
	for _, w := range l.clients {
		require.NoError(l, os.WriteFile(l.renewal(w), nil, 0o600))
	}
}

// started waits for the first word of every client: how long an interpreter
// takes to begin is nothing that this test is about.
func (l *life) started() {
	l.Helper()
	for _, w := range l.clients {
		for end := time.Now().Add(4 * patience); len(w.events) == 0 && time.Now().Before(end); w.look(l.T) {
			l.pass(20 * time.Millisecond)
		}
	}
	l.caughtUp("at the start")
}

// caughtUp waits until all clients acknowledge and read what they write from
// now on, and gives the last offsets that they have read.
func (l *life) caughtUp(what string) []map[int32]int64 {
	l.Helper()
	from, ends := make([]int, len(l.clients)), make([]map[int32]int64, len(l.clients))
	for i, w := range l.clients {
		w.look(l.T)
		if from[i] = len(w.events); from[i] > 0 {
			w.lifted = w.events[from[i]-1].At
		}
	}
	for i, w := range l.clients {
		l.await(w, what+": goes on writing", func() bool { return w.writes(from[i]) })
		ends[i] = w.stored.ends(w.topic)
	}
	for i, w := range l.clients {
		l.await(w, what+": goes on reading", func() bool { return w.reads(ends[i]) })
	}
	return ends
}

func (l *life) await(w *watched, what string, holds func() bool) {
	l.Helper()
	ok := false
	for end := time.Now().Add(patience); !ok && time.Now().Before(end); {
		if ok = holds(); !ok {
			time.Sleep(20 * time.Millisecond)
			w.look(l.T)
		}
	}
	l.lost = l.lost || !ok
	require.True(l, ok, "%s: %s; its last events: %+v\n%s", w.name, what, w.events[max(0, len(w.events)-5):], &w.log)
}

// writes says whether each partition has what was acknowledged since an event,
// and sent clearly after it: all that was sent before is there then.
func (w *watched) writes(from int) bool {
	acked := map[int32]bool{}
	for _, e := range w.events[from:] {
		if e.Event == "acked" && e.Offset >= 0 && e.At-e.Took > w.lifted+afterLift && w.stored.has(w.topic, place{e.Partition, e.Offset}) {
			acked[e.Partition] = true
		}
	}
	return len(acked) == partitions
}

// reads says whether it has read up to the ends.
func (w *watched) reads(ends map[int32]int64) bool {
	read := map[int32]int64{}
	for _, e := range w.events {
		if e.Event == "received" {
			read[e.Partition] = max(read[e.Partition], e.Offset)
		}
	}
	for p, end := range ends {
		if read[p] < end {
			return false
		}
	}
	return true
}

// end has the clients come to their end.
func (l *life) end() {
	l.Helper()
	require.NoError(l, os.WriteFile(l.enough, nil, 0o600))
}
