package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/sandbox/trade"
)

func TestAProbeIsReadAsEncodingJSONReadsIt(t *testing.T) {
	some, err := probes(1000)
	require.NoError(t, err)
	other := []string{
		` {"id": "a", "seq": 7}`, `{"id":"a\"b","run":"r","kind":"k","seq":1,"ts":2,"value":3}`, `{"value":1e3,"id":"x"}`,
		`{"id":"a","run":"r","kind":"k","seq":1,"ts":2,"value":-3.5e-1}`, `{"id":"a","run":"r","kind":"k","seq":1,"ts":2,"value":3,"more":4}`,
	}
	for _, text := range other {
		some = append(some, []byte(text))
	}
	for _, line := range some {
		var got, want probe
		require.NoError(t, got.read(line), "%s", line)
		require.NoError(t, json.Unmarshal(line, &want))
		require.Equal(t, want, got, "%s", line)
	}
	for _, wrong := range []string{"", "{", `{"id":"a","run":"r","kind":"k","seq":x,"ts":2,"value":3}`, `[]`} {
		require.Error(t, new(probe).read([]byte(wrong)), wrong)
	}
}

func TestACorpusHasWhatWasPlanted(t *testing.T) {
	for _, n := range []int64{1000, 1003, 10_007} {
		c := corpus{Records: n, Rows: n + corpusBad}
		found := finding{Records: n}
		for i := range n {
			sent := tradeOf(i)
			rows := c.rows(nil, i, sent)
			found.Rows += int64(len(rows))
			var own []trade.V2
			for _, r := range rows {
				if r.TradeID == sent.TradeID {
					own = append(own, r)
				} else {
					found.Phantom++
				}
			}
			switch {
			case len(own) == 0:
				found.Lost++
			case len(own) == 2:
				found.Doubled++
			case own[0].Quantity.Cmp(sent.Quantity) != 0:
				found.Altered++
			}
		}
		assert.Equal(t, c.found(), found, n)
	}
}

func TestCommitsAreReadFromThePeersLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	id, other := "0b4f5a38-2f0f-4c1c-9d3f-0a8f7b0c1d2e", "1b4f5a38-2f0f-4c1c-9d3f-0a8f7b0c1d2e"
	require.NoError(t, os.WriteFile(log, []byte("at org.apache.Something\n"+
		"1795663506432 Coordinator bench-0 initiated commit "+id+"\n"+
		"1795663513304 Commit "+id+" ready, received responses for all 4 partitions\n"+
		"1795663507332 Coordinator bench-0 completed commit "+id+", committed to 1 table(s), valid-through null\n"+
		"1795663519110 Coordinator bench-0 initiated commit "+other+"\n"+
		"1795663521246 Coordinator bench-0 completed commit "+other+", committed to 0 table(s), valid-through 2026-11-26T03:24:16.103Z\n"+
		committed+"250\n"), 0o600))
	got, err := coordinated(log)
	require.NoError(t, err)
	assert.Equal(t, spread{900 * time.Millisecond}, got, "a commit without rows is none")
	got, err = told(log)
	require.NoError(t, err)
	assert.Equal(t, spread{250 * time.Millisecond}, got)
}
