package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/google/uuid"

	"github.com/k2-platform/faultline/internal/lake"
)

// probe is a record of the topic that projectors are measured on, and a row of
// their tables: flat JSON, which each of them reads as it is.
type probe struct {
	ID    string  `json:"id"`
	Run   string  `json:"run"`
	Kind  string  `json:"kind"`
	Seq   int64   `json:"seq"`
	TS    int64   `json:"ts"`
	Value float64 `json:"value"`
}

// probes makes records of some 130 bytes, the same for each run.
func probes(n int) ([][]byte, error) {
	source := rand.NewChaCha8([32]byte{1})
	random := rand.New(source) //nolint:gosec // repeatability is wanted, not secrecy
	out := make([][]byte, n)
	for i := range out {
		id, err := uuid.NewRandomFromReader(source)
		if err != nil {
			return nil, fmt.Errorf("writing a record: %w", err)
		}
		line, err := json.Marshal(probe{
			ID: id.String(), Run: fmt.Sprintf("r%03d", i%50), Kind: []string{"probe", "action", "rollback"}[random.IntN(3)],
			Seq: int64(i), TS: 1_795_439_507_000 + int64(i), Value: float64(random.IntN(10_000)) / 10_000,
		})
		if err != nil {
			return nil, fmt.Errorf("writing a record: %w", err)
		}
		out[i] = line
	}
	return out, nil
}

// probeTable is the table of probes, as whoever makes it by itself from the
// records makes it, too.
func probeTable(namespace, name string) lake.Definition[probe] {
	return lake.Definition[probe]{Namespace: namespace, Name: name, Columns: []lake.Column[probe]{
		lake.Text("id", func(p probe) string { return p.ID }),
		lake.Text("run", func(p probe) string { return p.Run }),
		lake.Text("kind", func(p probe) string { return p.Kind }),
		lake.Int("seq", func(p probe) int64 { return p.Seq }),
		lake.Int("ts", func(p probe) int64 { return p.TS }),
		lake.Double("value", func(p probe) float64 { return p.Value }),
	}}
}

// read takes a record as Faultline reads its own: without encoding/json where
// it is written as expected.
func (p *probe) read(line []byte) error {
	rest, ok := line, true
	next := func(name, end string) string {
		after, found := bytes.CutPrefix(rest, []byte(name))
		at := bytes.Index(after, []byte(end))
		if ok = ok && found && at >= 0; !ok {
			return ""
		}
		rest = after[at+len(end):]
		if bytes.IndexByte(after[:at], '\\') >= 0 {
			ok = false
		}
		return string(after[:at])
	}
	p.ID, p.Run, p.Kind = next(`{"id":"`, `"`), next(`,"run":"`, `"`), next(`,"kind":"`, `"`)
	seq, ts, value := next(`,"seq":`, `,`), next(`"ts":`, `,`), next(`"value":`, `}`)
	if ok && len(rest) == 0 {
		var problems [3]error
		p.Seq, problems[0] = strconv.ParseInt(seq, 10, 64)
		p.TS, problems[1] = strconv.ParseInt(ts, 10, 64)
		p.Value, problems[2] = strconv.ParseFloat(value, 64)
		if errors.Join(problems[:]...) == nil {
			return nil
		}
	}
	*p = probe{}
	return json.Unmarshal(line, p)
}
