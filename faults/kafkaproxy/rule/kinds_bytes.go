package rule

import (
	"maps"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/params"
)

func byteKinds() []kind {
	return []kind{
		{
			name: "kafka.delay", summary: "requests or responses come later; order and throughput stay", risk: faults.Caution, serves: true, ways: ofFrames(),
			own:  params.Delays("", "how long each waits; with p99, the median"),
			fits: params.DelayFits,
			fill: func(v params.Values, r *Rule) {
				r.Bytes = &Bytes{Do: Delay, Delay: params.Read(v, "delay", params.Duration), Jitter: params.Read(v, "jitter", params.Duration), P99: params.Read(v, "p99", params.Duration)}
			},
		},
		{
			name: "kafka.bandwidth", summary: "bytes flow no faster than a rate, for each connection", risk: faults.Caution, serves: true, ways: ofFrames(),
			own:  []faults.Parameter{params.New("bytes_per_second", "such as 1MiB or 500KB", "", params.Size)},
			fits: func(v params.Values) error { return params.Missing(v, "bytes_per_second", "bytes_per_second: 1MiB") },
			fill: func(v params.Values, r *Rule) {
				r.Bytes = &Bytes{Do: Bandwidth, PerSecond: params.Read(v, "bytes_per_second", params.Size)}
			},
		},
		{
			name: "kafka.reset", summary: "the connection is reset (RST) when a selected request or response comes", risk: faults.Caution, ways: ofFrames(),
			fill: func(_ params.Values, r *Rule) { r.Bytes = &Bytes{Do: Reset} },
		},
		{
			name: "kafka.black_hole", summary: "nothing flows and the connection stays open; what was held flows on afterwards", risk: faults.Caution, ways: ofFrames(),
			fill: func(_ params.Values, r *Rule) { r.Bytes = &Bytes{Do: BlackHole} },
		},
		{
			name: "kafka.slow_close", summary: "that one side closed the connection reaches the other later", risk: faults.Caution, serves: true, ways: ofFrames(),
			own:   []faults.Parameter{params.New("delay", "how much later", "", params.Duration)},
			lacks: lackAll("a close belongs to no request: write client_id, broker or direction", "topic", "partition", "api"),
			fits:  func(v params.Values) error { return params.Missing(v, "delay", "delay: 2s") },
			fill: func(v params.Values, r *Rule) {
				r.Bytes = &Bytes{Do: SlowClose, Delay: params.Read(v, "delay", params.Duration)}
			},
		},
		{
			name: "kafka.partition", summary: "named clients and the brokers, or some of them, cannot reach each other", risk: faults.Caution,
			lacks: join(
				lackAll("a partition cuts off clients, whatever they ask: write client_id, and broker where only some are cut off", "topic", "partition", "api", "group"),
				lackAll("a partition is there or not: for a part of the requests write kafka.black_hole", "rate", "every", "first", "seed", "direction"),
			),
			fits: func(v params.Values) error {
				return params.Missing(v, "client_id", "client_id: sink, the clients that are cut off; for all of them write kafka.black_hole")
			},
			fill: func(_ params.Values, r *Rule) { r.Bytes = &Bytes{Do: Partition} },
		},
	}
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
