package sandbox_test

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/sandbox/broker"
)

func stringReader(s string) io.Reader { return strings.NewReader(s) }

// dead counts the dead letters and checks what each says of its origin.
func (r runner) dead(kafka string) int {
	r.t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(kafka), kgo.ConsumeTopics(broker.DeadLetters), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		r.t.Fatal(err)
	}
	defer cl.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), 700*time.Millisecond)
	defer cancel()
	n := 0
	for ctx.Err() == nil {
		for _, letter := range cl.PollFetches(ctx).Records() {
			n++
			fields := map[string]string{}
			for _, h := range letter.Headers {
				fields[h.Key] = string(h.Value)
			}
			if fields["dlq_topic"] != broker.Topic || fields["dlq_partition"] != "3" || fields["dlq_offset"] == "" ||
				fields["dlq_key"] != "BHP" || fields["dlq_cause"] == "" || fields["dlq_time"] == "" {
				r.t.Errorf("dead letter without coordinates: %v", fields)
			}
			if string(letter.Key) != "BHP" || string(letter.Value) != "not a trade" {
				r.t.Errorf("dead letter changed: key %q value %q", letter.Key, letter.Value)
			}
		}
	}
	return n
}
