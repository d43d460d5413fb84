//go:build e2e

package proxy_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	records    = 300
	more       = 30
	partitions = 3
	patience   = 30 * time.Second
	soon       = 300 * time.Millisecond
	quiet      = 8 * time.Second // after which nothing more is read
	session    = 6 * time.Second // of a group, the shortest that a broker allows
)

// options are what every client is told on its command line.
type options struct {
	bootstrap []string
	prefix    string // of all topics, groups and transactional ids
	observing bool
	last      time.Duration // of observe
	stop      string        // a file that ends observe before, once it is there
	interval  time.Duration // between two bursts of observe
	burst     int           // records at a time
	shape                   // of values
	renew     string        // a file that has the consumer leave its group, once it is there, and another one join
	protocol  string        // of that group, classic or consumer
	producer  string        // idempotent, plain or transactional
	timeout   time.Duration // of requests; 0: as the client has it
	out       *teller
}

// goClient is a client that is written in Go, and runs in a process of its
// own as the others do: this test's binary, started once more.
type goClient interface {
	steps() []step
	observe() error
}

// step is one line of the list in README.md.
type step struct {
	name string
	run  func() (any, error)
}

// runGoClient is main of such a process.
func runGoClient(args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	bootstrap := flags.String("bootstrap", "", "brokers")
	mode := flags.String("mode", "conform", "conform or observe")
	seconds := flags.Float64("seconds", 10, "of observe")
	interval := flags.Float64("interval-ms", 20, "between two records of observe")
	timeout := flags.Float64("timeout-ms", 0, "of requests; 0: as the client has it")
	flags.StringVar(&o.producer, "producer", "idempotent", "idempotent, plain or transactional")
	flags.IntVar(&o.burst, "burst", 1, "records at a time, of observe")
	flags.StringVar(&o.values, "values", "numbers", "numbers, or framed trades: json, avro or protobuf")
	schema := flags.Uint("schema-id", 0, "in the frame of values")
	flags.StringVar(&o.protocol, "group-protocol", "classic", "classic or consumer, of the group of observe")
	flags.StringVar(&o.renew, "renew-file", "", "has the consumer of observe leave its group, once it is there, and another one join")
	flags.StringVar(&o.stop, "stop-file", "", "ends observe before, once it is there")
	flags.StringVar(&o.prefix, "prefix", "", "of all topics, groups and transactional ids")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	o.bootstrap, o.observing = strings.Split(*bootstrap, ","), *mode == "observe"
	o.last, o.interval = time.Duration(*seconds*float64(time.Second)), time.Duration(*interval*float64(time.Millisecond))
	o.timeout, o.schema = time.Duration(*timeout*float64(time.Millisecond)), uint32(*schema)
	o.out = &teller{to: json.NewEncoder(out), began: time.Now()}
	var c goClient
	switch args[0] {
	case "franz-go":
		c = &franz{options: o}
	case "sarama":
		c = &sar{options: o}
	default:
		return fmt.Errorf("there is no client %q in Go; write franz-go or sarama", args[0])
	}
	if o.observing {
		return c.observe()
	}
	for _, s := range c.steps() {
		o.out.step(s)
	}
	return nil
}

// teller prints one JSON line for whatever a client sees.
type teller struct {
	mu    sync.Mutex
	to    *json.Encoder
	began time.Time
}

func (t *teller) step(s step) {
	line := map[string]any{"step": s.name}
	if saw, err := s.run(); err != nil { // one step that fails must not hide the others
		line["error"] = err.Error()
	} else {
		line["saw"] = saw
	}
	_ = t.to.Encode(line)
}

func (t *teller) tell(event string, what map[string]any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	what["event"], what["at_ms"] = event, time.Since(t.began).Milliseconds()
	_ = t.to.Encode(what)
}

func (t *teller) failed(call string, err error) {
	t.tell("error", map[string]any{"call": call, "error": err.Error()})
}

func (t *teller) received(partition int32, offset int64, value []byte, at time.Time) {
	t.tell("received", map[string]any{"partition": partition, "offset": offset, "value": value, "timestamp": at.UnixMilli()})
}

// got is a record that was read, whichever client read it.
type got struct {
	partition int32
	value     string
	header    string
}

func texts(all []got) []string {
	out := make([]string, len(all))
	for i, g := range all {
		out[i] = g.value
	}
	slices.Sort(out)
	return out
}

func distinct(all []got) int { return len(slices.Compact(texts(all))) }

func numbered(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("value ", 20)) }

// judged says of numbered records whether all came once, in order.
func judged(all []got) map[string]any {
	last, ordered := map[int32]int{}, true
	for _, g := range all {
		n, header := 0, ""
		_, _ = fmt.Sscan(g.value, &n)
		_, _ = fmt.Sscan(g.header, &header)
		before, seen := last[g.partition]
		ordered = ordered && (!seen || n > before) && header == fmt.Sprint(n)
		last[g.partition] = n
	}
	return map[string]any{"received": len(all), "distinct": distinct(all), "ordered": ordered}
}

// until waits for something that becomes true: one broker may know later than
// another, and says so by an error.
func until(what string, holds func() (bool, error)) (err error) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var ok bool
		if ok, err = holds(); ok && err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s did not come to be within %s: %w", what, patience, err)
}
