package events

import (
	"bytes"
	"strconv"

	"github.com/k2-platform/faultline/spec"
)

// splitBatch takes a batch apart as EncodeBatch writes it, and leaves each
// event's data to be read once. False for everything else, a batch of another
// hand or in another order: encoding/json reads that, in four passes over the
// data instead of two. A long log is read in half the time so.
func splitBatch(data []byte) (w wireBatch, ok bool) {
	c := cutter{data, true}
	c.word(`{"experiment":"`)
	w.Experiment = spec.ExperimentID(c.text())
	c.word(`,"version":`)
	w.Version = c.number()
	c.word(`,"cause":"`)
	w.Cause = c.text()
	c.word(`,"events":[`)
	for c.ok {
		c.word(`{"type":"`)
		name := c.text()
		c.word(`,"data":`)
		w.Events = append(w.Events, wireEvent{name, c.object()})
		c.word(`}`)
		if !bytes.HasPrefix(c.rest, []byte(`,`)) {
			break
		}
		c.word(`,`)
	}
	c.word(`]}`)
	return w, c.ok && len(c.rest) == 0
}

// cutter takes pieces off the front of rest until one is not as expected.
type cutter struct {
	rest []byte
	ok   bool
}

func (c *cutter) word(w string) {
	if c.ok = c.ok && bytes.HasPrefix(c.rest, []byte(w)); c.ok {
		c.rest = c.rest[len(w):]
	}
}

// text takes a plain string whose opening quote is gone, and its closing one.
func (c *cutter) text() string {
	end := bytes.IndexByte(c.rest, '"')
	if c.ok = c.ok && end >= 0 && !bytes.ContainsFunc(c.rest[:end], func(r rune) bool { return r == '\\' || r < ' ' || r > '~' }); !c.ok {
		return ""
	}
	out := string(c.rest[:end])
	c.rest = c.rest[end+1:]
	return out
}

// number takes a number as encoding/json writes it.
func (c *cutter) number() uint64 {
	end := bytes.IndexByte(c.rest, ',')
	if c.ok = c.ok && end > 0 && c.rest[0] >= '1' && c.rest[0] <= '9'; !c.ok {
		return 0
	}
	n, err := strconv.ParseUint(string(c.rest[:end]), 10, 64)
	c.ok = err == nil
	c.rest = c.rest[end:]
	return n
}

// object takes what stands between a brace and the one that closes it. That
// it is valid inside is for whoever reads it to see.
func (c *cutter) object() []byte {
	depth, quoted := 0, false
	for i := 0; c.ok && i < len(c.rest); i++ {
		switch b := c.rest[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{':
			depth++
		case b == '}':
			depth--
		}
		if depth > 0 {
			continue
		}
		if c.rest[i] != '}' {
			break // it is no object
		}
		out := c.rest[:i+1]
		c.rest = c.rest[i+1:]
		return out
	}
	c.ok = false
	return nil
}
