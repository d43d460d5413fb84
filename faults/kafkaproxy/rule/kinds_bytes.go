package rule

import (
	"errors"
	"maps"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/with"
)

func byteKinds() []kind {
	return []kind{
		{
			name: "kafka.delay", summary: "requests or responses come later; order and throughput stay", risk: faults.Caution, serves: true, ways: ofFrames(),
			own: []faults.Parameter{
				with.Parameter("delay", "how long each waits; with p99, the median", "", with.Duration),
				with.Parameter("jitter", "each waits up to so much more or less", "", with.Duration),
				with.Parameter("p99", "the wait is log-normal, and one in a hundred waits longer than this", "", with.Duration),
			},
			fits: delayFits,
			fill: func(v values, r *Rule) {
				r.Bytes = &Bytes{Do: Delay, Delay: read(v, "delay", with.Duration), Jitter: read(v, "jitter", with.Duration), P99: read(v, "p99", with.Duration)}
			},
		},
		{
			name: "kafka.bandwidth", summary: "bytes flow no faster than a rate, for each connection", risk: faults.Caution, serves: true, ways: ofFrames(),
			own:  []faults.Parameter{with.Parameter("bytes_per_second", "such as 1MiB or 500KB", "", with.Size)},
			fits: func(v values) error { return missing(v, "bytes_per_second", "bytes_per_second: 1MiB") },
			fill: func(v values, r *Rule) {
				r.Bytes = &Bytes{Do: Bandwidth, PerSecond: read(v, "bytes_per_second", with.Size)}
			},
		},
		{
			name: "kafka.reset", summary: "the connection is reset (RST) when a selected request or response comes", risk: faults.Caution, ways: ofFrames(),
			fill: func(_ values, r *Rule) { r.Bytes = &Bytes{Do: Reset} },
		},
		{
			name: "kafka.black_hole", summary: "nothing flows and the connection stays open; what was held flows on afterwards", risk: faults.Caution, ways: ofFrames(),
			fill: func(_ values, r *Rule) { r.Bytes = &Bytes{Do: BlackHole} },
		},
		{
			name: "kafka.slow_close", summary: "that one side closed the connection reaches the other later", risk: faults.Caution, serves: true, ways: ofFrames(),
			own:   []faults.Parameter{with.Parameter("delay", "how much later", "", with.Duration)},
			lacks: lackAll("a close belongs to no request: write client_id, broker or direction", "topic", "partition", "api"),
			fits:  func(v values) error { return missing(v, "delay", "delay: 2s") },
			fill:  func(v values, r *Rule) { r.Bytes = &Bytes{Do: SlowClose, Delay: read(v, "delay", with.Duration)} },
		},
		{
			name: "kafka.partition", summary: "named clients and the brokers, or some of them, cannot reach each other", risk: faults.Caution,
			lacks: join(
				lackAll("a partition cuts off clients, whatever they ask: write client_id, and broker where only some are cut off", "topic", "partition", "api", "group"),
				lackAll("a partition is there or not: for a part of the requests write kafka.black_hole", "rate", "every", "first", "seed", "direction"),
			),
			fits: func(v values) error {
				return missing(v, "client_id", "client_id: sink, the clients that are cut off; for all of them write kafka.black_hole")
			},
			fill: func(_ values, r *Rule) { r.Bytes = &Bytes{Do: Partition} },
		},
	}
}

func delayFits(v values) error {
	delay, jitter, p99 := read(v, "delay", with.Duration), read(v, "jitter", with.Duration), read(v, "p99", with.Duration)
	problems := []error{missing(v, "delay", "delay: 200ms")}
	switch {
	case v.has("jitter") && v.has("p99"):
		problems = append(problems, errors.New("jitter and p99 are two shapes of a delay: write one of them"))
	case v.has("p99") && p99 < delay:
		problems = append(problems, shorter("p99", p99, "delay, the median", delay))
	case v.has("delay") && jitter > delay:
		problems = append(problems, shorter("delay", delay, "jitter, and nothing comes early", jitter))
	}
	return errors.Join(problems...)
}

func shorter(name string, is time.Duration, than string, other time.Duration) error {
	return errors.New(name + " " + is.String() + " is shorter than " + than + ": write " + other.String() + " or more")
}

func lackAll(why string, names ...string) map[string]string {
	out := map[string]string{}
	for _, n := range names {
		out[n] = why
	}
	return out
}

func join(all ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}
