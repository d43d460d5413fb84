package topic

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// dose is what poison is produced, how much, and how quickly.
type dose struct {
	What  string  `json:"what"`
	Count int     `json:"count"`
	Rate  float64 `json:"rate"` // records a second
	// Schema is the id that unknown_schema has.
	Schema uint32 `json:"schema,omitempty"`
	// Size is that of oversize, in bytes.
	Size int `json:"size,omitempty"`
	// Value is a stored one that was cut short, of truncated.
	Value []byte `json:"value,omitempty"`
}

func whats() []string {
	return []string{"garbage", "unknown_schema", "truncated", "null", "oversize"}
}

const (
	noSchema  = 2_000_000_000 // an id that no registry comes to
	mostAtAll = 1_000_000
	mostRate  = 10_000
	largest   = 64 << 20
	spare     = 512 // bytes of a batch that are not its one value
)

func doseParameters() []faults.Parameter {
	whole := func(least, most int) func(string) error {
		return func(text string) error {
			n, err := strconv.Atoi(text)
			if err != nil || n < least || n > most {
				return fmt.Errorf("%q: write a whole number from %d to %d", text, least, most)
			}
			return nil
		}
	}
	return []faults.Parameter{
		{Name: "what", Summary: strings.Join(whats(), ", "), Default: "garbage", Check: func(text string) error {
			if !slices.Contains(whats(), text) {
				return fmt.Errorf("%q: write one of %s", text, strings.Join(whats(), ", "))
			}
			return nil
		}},
		{Name: "count", Summary: "how many records in all", Default: "10", Check: whole(1, mostAtAll)},
		{Name: "rate", Summary: "records a second", Default: "10", Check: func(text string) error {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil || !(n >= 0.01 && n <= mostRate) {
				return fmt.Errorf("%q: write records a second, from 0.01 to %d", text, mostRate)
			}
			return nil
		}},
		{Name: "schema_id", Summary: "id of unknown_schema", Default: strconv.Itoa(noSchema), Check: whole(0, 1<<31-1)},
		{Name: "size", Summary: "bytes of oversize", Default: "as much as the topic takes", Check: whole(1, largest)},
	}
}

// readDose reads values that were checked each alone.
func readDose(with map[string]string) (dose, error) {
	d := dose{What: "garbage", Count: 10, Rate: 10}
	if text := with["what"]; text != "" {
		d.What = text
	}
	if text := with["count"]; text != "" {
		d.Count, _ = strconv.Atoi(text)
	}
	if text := with["rate"]; text != "" {
		d.Rate, _ = strconv.ParseFloat(text, 64)
	}
	d.Size, _ = strconv.Atoi(with["size"])
	switch text := with["schema_id"]; {
	case d.What != "unknown_schema" && text != "":
		return d, errors.New("schema_id is for what: unknown_schema alone; remove it")
	case d.What != "oversize" && d.Size != 0:
		return d, errors.New("size is for what: oversize alone; remove it")
	case text != "":
		n, _ := strconv.ParseUint(text, 10, 32)
		d.Schema = uint32(n)
	case d.What == "unknown_schema":
		d.Schema = noSchema
	}
	return d, nil
}

// draw asks the topic for what the dose lacks.
func (d *dose) draw(ctx context.Context, k *kafka, t *spec.Topic) error {
	switch d.What {
	case "oversize":
		_, inForce, err := ownSettings(ctx, k, t.Name, map[string]string{"max.message.bytes": ""})
		if err != nil {
			return err
		}
		most, err := strconv.Atoi(inForce["max.message.bytes"])
		if err != nil {
			return fmt.Errorf("reading max.message.bytes of topic %s: %w", t.Name, err)
		}
		most = min(most, largest) - spare
		if d.Size == 0 {
			d.Size = most
		}
		if d.Size > most || d.Size < 1 {
			return fmt.Errorf("%w: topic %s takes no value of %d bytes; write size: %d at most, or raise its max.message.bytes", faults.ErrRefused, t.Name, d.Size, most)
		}
	case "truncated":
		value, err := stored(ctx, t)
		if err != nil {
			return err
		}
		d.Value = value[:len(value)/2]
	}
	return nil
}

const lookBack = 20 // records from a partition's end: the last may be poison, or a marker

// stored is the value of a record near the end of the topic.
func stored(ctx context.Context, t *spec.Topic) ([]byte, error) {
	ctx, stop := context.WithTimeout(ctx, 3*time.Second)
	defer stop()
	k, err := connect(t.Brokers)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	found, err := k.topic(ctx, t.Name)
	if err != nil {
		return nil, err
	}
	ends := map[int32]kgo.Offset{}
	for p := range found.Partitions {
		ends[p] = kgo.NewOffset().AtEnd().Relative(-lookBack)
	}
	reader, err := kgo.NewClient(kgo.SeedBrokers(t.Brokers...), kgo.ClientID(clientID), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{t.Name: ends}))
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	for {
		got := reader.PollRecords(ctx, 100)
		for _, r := range got.Records() {
			poison := slices.ContainsFunc(r.Headers, func(h kgo.RecordHeader) bool { return h.Key == PoisonHeader })
			if !poison && len(r.Value) > 1 && len(r.Value) <= 1<<16 {
				return r.Value, nil
			}
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%w: no record could be read from the end of topic %s that could be cut short; produce one first, or write another what", faults.ErrRefused, t.Name)
		}
	}
}

// value is that of one record; nil is none.
func (d *dose) value() []byte {
	switch d.What {
	case "null":
		return nil
	case "truncated":
		return d.Value
	case "unknown_schema": // Confluent's frame: a zero byte, the id, the datum
		return append(binary.BigEndian.AppendUint32([]byte{0}, d.Schema), noise(32)...)
	case "oversize":
		return noise(d.Size)
	}
	out := noise(64)
	out[0] |= 0x80 // neither Confluent's frame nor JSON
	return out
}

func noise(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.Read(out) // never errs
	return out
}
