//go:build e2e

package proxy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
)

const (
	restartTakes = 90 * time.Second // at most, on a busy machine
	afterwards   = 50               // records that a client writes once the broker is back
)

// TestABrokerRestarts has every client write and read through the proxy while
// a broker ends and starts again: nothing acknowledged is lost, nothing is
// doubled.
func TestABrokerRestarts(t *testing.T) {
	direct := brokers(t, "E2E_KAFKA")
	all, p := programs(t), startProxy(t, direct)
	started, enough := make([]*running, len(all)), filepath.Join(t.TempDir(), "enough")
	for i, client := range all {
		started[i] = client.start(t, p.bootstrap, fresh(client.name), "--mode", "observe", "--seconds", fmt.Sprint(2*restartTakes.Seconds()), "--stop-file", enough)
	}
	for i, client := range all {
		reads := func() bool { return strings.Contains(started[i].out.String(), `"received"`) }
		require.Eventually(t, reads, patience, 20*time.Millisecond, "%s reads: %s", client.name, &started[i].log)
	}
	restart(t, "kafka-2", direct)
	for i, client := range all {
		acked := func() int { return strings.Count(started[i].out.String(), `"acked"`) }
		before := acked()
		require.Eventually(t, func() bool { return acked() > before+afterwards }, patience, 20*time.Millisecond, "%s goes on writing", client.name)
	}
	require.NoError(t, os.WriteFile(enough, nil, 0o600))
	for i, client := range all {
		t.Run(client.name, func(t *testing.T) {
			r := started[i]
			r.end(t)
			r.alone(t, p)
			kept(t, observed(t, r.out.String()), direct, r.prefix+"-observe")
		})
	}
}

// restart ends a broker by SIGTERM, starts it again and waits until the others
// have it back.
func restart(t *testing.T, name string, brokers []string) {
	t.Helper()
	r, err := process.Read(filepath.Join(fromEnv(t, "E2E_RECORDS"), name+".json"))
	require.NoError(t, err)
	require.Equal(t, process.Running, r.State())
	require.NoError(t, syscall.Kill(r.PID, syscall.SIGTERM))
	require.Eventually(t, func() bool { return r.State() != process.Running }, patience, 20*time.Millisecond, "%s ends", name)
	run(t, "../servers/restart.sh", name)
	look := franz{options: options{bootstrap: brokers, prefix: "look"}}
	back := func() bool {
		all, err := look.brokers()
		return err == nil && len(all.([]string)) == len(brokers)
	}
	require.Eventually(t, back, restartTakes, 100*time.Millisecond, "%s is back", name)
}

// event is a line of a client that observes.
type event struct {
	Event     string `json:"event"`
	N         int64  `json:"n"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"` // -1: of a record that the broker had already, and no longer knew where
	Value     []byte `json:"value"`  // nil: null
	Call      string `json:"call"`
	Error     string `json:"error"`
	Sent      int    `json:"sent"`
	Took      int64  `json:"took_ms"` // from sending to the answer
	Timestamp int64  `json:"timestamp"`
	At        int64  `json:"at_ms"` // since its start
}

// observed are the events of a client, by their names.
func observed(t *testing.T, out string) map[string][]event {
	t.Helper()
	all := map[string][]event{}
	for line := range strings.Lines(out) {
		var e event
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		all[e.Event] = append(all[e.Event], e)
	}
	return all
}

// place is a partition and an offset of a topic.
type place struct {
	partition int32
	offset    int64
}

// kept says that all that was sent was acknowledged, is in the topic where the
// acknowledgement said, once, and was read.
func kept(t *testing.T, saw map[string][]event, brokers []string, topic string) {
	t.Helper()
	at, values := map[place]string{}, map[string]int{}
	for _, r := range contents(t, brokers, topic) {
		at[place{r.Partition, r.Offset}] = string(r.Value)
		values[string(r.Value)]++
	}
	require.Len(t, saw["end"], 1, "the client came to its end")
	assert.Len(t, saw["acked"], saw["end"][0].Sent, "acknowledged of those sent")
	for _, e := range saw["acked"] {
		if e.Offset >= 0 {
			require.Equal(t, fmt.Sprint(e.N), at[place{e.Partition, e.Offset}], "record that was acknowledged at %d/%d", e.Partition, e.Offset)
		}
		require.Equal(t, 1, values[fmt.Sprint(e.N)], "record %d is there once", e.N)
	}
	assert.Len(t, values, saw["end"][0].Sent, "records in the topic")
	read := map[place]int{}
	for _, e := range saw["received"] {
		require.NotNil(t, e.Value)
		require.Equal(t, at[place{e.Partition, e.Offset}], string(e.Value), "record that was read at %d/%d", e.Partition, e.Offset)
		read[place{e.Partition, e.Offset}]++
	}
	assert.Len(t, read, len(at), "places that were read")
	for _, e := range saw["error"] {
		assert.NotEqual(t, "produce", e.Call, "%s at %d ms", e.Error, e.At)
	}
	t.Logf("%d records, %d read again, %d errors told", len(at), len(saw["received"])-len(read), len(saw["error"]))
}
