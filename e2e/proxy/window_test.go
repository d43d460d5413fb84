//go:build e2e

package proxy_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// window is what one client went through while a fault came and went.
type window struct {
	*watched
	long  bool // enough that a silence means something
	asked bool // what the fault is about
	// Indices of events: the fault comes at first, has met something at met and
	// is lifted at lifted; at last all is as before.
	first, met, lifted, last int
	stored                   map[place]*kgo.Record // meanwhile
}

const slow = 900 // ms; nothing takes as long where no fault is

// words say what the client saw, as docs/KAFKA_FAULTS.md does.
func (w window) words() []string {
	all := map[string]bool{}
	if !w.asked {
		all[neverAsks] = true
	}
	for _, e := range w.events[w.first:w.last] {
		if e.Event == "error" {
			all[e.Call+" `"+shortened(w.name, e.Error)+"`"] = true
		}
	}
	w.wrote(all)
	w.saw(all)
	return slices.Sorted(maps.Keys(all))
}

// shortened is an error without what differs from one time to the next.
func shortened(client, text string) string {
	for name, parts := range map[string][]string{
		"a wrong CRC":       {"calculated crc", "CRC didn't match"},
		"lost records":      {" lost records;"}, // of a topic and a partition
		"a lost connection": {"EOF", "broker not connected", "connection reset", "i/o timeout", "closed network connection", "broken pipe"},
	} {
		if slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) }) {
			return name
		}
	}
	switch client {
	case "java":
		class, _, _ := strings.Cut(text, ":")
		return class[strings.LastIndexByte(class, '.')+1:]
	case "sarama":
		if _, after, ok := strings.Cut(text, "kafka server: "); ok {
			text = after
		}
		text, _, _ = strings.Cut(text, ", ")
		return text
	}
	name, _, _ := strings.Cut(text, ": ")
	return name
}

// none says whether no event of a name came while the fault was at work.
func (w window) none(name string) bool {
	return w.long && !slices.ContainsFunc(w.events[w.met:w.lifted], func(e event) bool { return e.Event == name })
}

// wrote compares what was acknowledged with what is stored.
func (w window) wrote(all map[string]bool) {
	at, whole := map[int64]int{}, map[place]int64{}
	last := map[int32]int64{}
	for _, p := range slices.SortedFunc(maps.Keys(w.stored), ascending) {
		n, ok := w.watched.stored.shape.number(w.stored[p].Value)
		if !ok {
			all["stored otherwise"] = true
			continue
		}
		if elsewhen(w.stored[p]) {
			all["stored with another time"] = true
		}
		if at[n]++; at[n] > 1 {
			all["stored twice"] = true
		} else if before, seen := last[p.partition]; seen && n < before {
			all["stored in another order"] = true
		}
		whole[p], last[p.partition] = n, max(last[p.partition], n)
	}
	stalls := w.none("acked")
	if stalls {
		all["acks stall"] = true
	}
	for _, e := range w.events[w.first:w.last] {
		switch {
		case e.Event == "error" && e.Call == "produce" && at[e.N] > 0:
			all["stored all the same"] = true
		case e.Event != "acked":
			continue
		case e.Took >= slow && !stalls:
			all["acks late"] = true
		}
		if n, there := whole[place{e.Partition, e.Offset}]; e.Event == "acked" && at[e.N] == 0 && (e.Offset < 0 || there && n != e.N) && !w.watched.stored.holds(w.topic, e.N) {
			all["lost"] = true
		}
	}
}

// saw compares what was read with what is stored.
func (w window) saw(all map[string]bool) {
	stalls := w.none("received")
	if stalls {
		all["reads stall"] = true
	}
	acked, ends := map[place]int64{}, map[int32]int64{}
	times := map[place]int{}
	for i, e := range w.events[:w.last] {
		p := place{e.Partition, e.Offset}
		switch e.Event {
		case "acked":
			acked[p] = e.At
		case "received":
			if times[p]++; times[p] > 1 && i >= w.first {
				all["reads again"] = true
			}
			ends[e.Partition] = max(ends[e.Partition], e.Offset)
			r := w.stored[p]
			if at, ok := acked[p]; i >= w.first && ok && e.At-at >= slow && times[p] == 1 && !stalls {
				all["reads late"] = true
			}
			switch {
			case r == nil:
			case e.Value == nil && r.Value != nil:
				all["null"] = true
			case !bytes.Equal(e.Value, r.Value):
				all["other value"] = true
			case e.Timestamp != r.Timestamp.UnixMilli():
				all["other time"] = true
			}
		}
	}
	for p := range w.stored {
		if times[p] == 0 && ends[p.partition] > p.offset {
			all["gap"] = true
		}
	}
}

func ascending(a, b place) int {
	if a.partition != b.partition {
		return int(a.partition - b.partition)
	}
	return int(a.offset - b.offset)
}

// elsewhen says whether a record has not the time of this test.
func elsewhen(r *kgo.Record) bool { return time.Since(r.Timestamp) > longestLife }
