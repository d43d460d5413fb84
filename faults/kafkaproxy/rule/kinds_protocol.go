package rule

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/internal/with"
)

// writes are the requests by which a client changes something, and waits to
// hear that it did.
func writes() []int16 {
	return keys(kmsg.Produce, kmsg.OffsetCommit, kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit)
}

// failing are the requests that can be answered by an error.
func failing() []int16 {
	return append(writes(), keys(kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.OffsetFetch, kmsg.FindCoordinator,
		kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.ConsumerGroupHeartbeat)...)
}

func protocolKinds() []kind {
	itsOwnWay := map[string]string{"direction": "it is an answer, which goes one way: leave it out"}
	return []kind{
		{
			name: "kafka.error", summary: "requests are answered by an error code, before the broker acted or after", risk: faults.Dangerous, apis: failing(), lacks: itsOwnWay,
			own: []faults.Parameter{
				with.Parameter("code", "the error by its name, such as NOT_ENOUGH_REPLICAS, or its number", "", errorCode),
				with.Parameter("when", "before: the request does not reach the broker; after: it acts, and its answer is replaced", "before", with.Word("before", "after")),
			},
			fits: func(v values) error { return missing(v, "code", "code: NOT_ENOUGH_REPLICAS") },
			fill: func(v values, r *Rule) {
				r.Protocol = &Protocol{Do: Error, Code: read(v, "code", errorCode), Before: v.text("when") == "before"}
			},
		},
		{
			name: "kafka.lost_ack", summary: "the broker acts and the client is not told, so that it tries again", risk: faults.Dangerous, apis: writes(), api: "Produce", lacks: itsOwnWay,
			own: []faults.Parameter{
				with.Parameter("how", "disconnect, code (an error instead), or silence (no answer, and the client times out)", "disconnect", with.Word(lostAckWords()...)),
				with.Parameter("code", "with how: code, the error by its name or number", "", errorCode),
			},
			fits: lostAckFits,
			fill: func(v values, r *Rule) {
				r.Protocol = &Protocol{Do: LostAck, How: LostAckHow(read(v, "how", with.Word(lostAckWords()...))), Code: read(v, "code", errorCode)}
			},
		},
		{
			name: "kafka.stale_metadata", summary: "clients are told leaders that are not", risk: faults.Caution, serves: true,
			lacks: join(itsOwnWay, lackAll("metadata alone tells leaders: leave it out", "api")),
			own: []faults.Parameter{
				with.Parameter("how", "frozen: leaders stay as they were first told; wrong_leader: another broker is told", "frozen", with.Word("frozen", "wrong_leader")),
			},
			fill: func(v values, r *Rule) {
				r.Protocol = &Protocol{Do: StaleMetadata, Stale: StaleHow(read(v, "how", with.Word("frozen", "wrong_leader")))}
			},
		},
		{
			name: "kafka.throttle", summary: "responses tell the client to wait, as a broker's quota does", risk: faults.Caution, serves: true, apis: throttled(), lacks: itsOwnWay,
			own:  []faults.Parameter{with.Parameter("time", "how long it is to wait", "", with.Duration)},
			fits: func(v values) error { return missing(v, "time", "time: 2s") },
			fill: func(v values, r *Rule) { r.Protocol = &Protocol{Do: Throttle, Time: read(v, "time", with.Duration)} },
		},
		{
			name: "kafka.move_coordinator", summary: "clients are told another broker as the coordinator of their group or transaction", risk: faults.Caution,
			lacks: join(itsOwnWay, lackAll("a coordinator has no topic and is found by one request: write group or client_id", "topic", "partition", "api")),
			fill:  func(_ values, r *Rule) { r.Protocol = &Protocol{Do: MoveCoordinator} },
		},
		{
			name: "kafka.disconnect", summary: "the connection ends in the middle of a response", risk: faults.Caution, lacks: itsOwnWay,
			own:  []faults.Parameter{with.Parameter("at", "the share of the response that is sent", "0.5", with.Share)},
			fill: func(v values, r *Rule) { r.Protocol = &Protocol{Do: Disconnect, At: read(v, "at", with.Share)} },
		},
	}
}

func lostAckWords() []string { return []string{"disconnect", "code", "silence"} }

func lostAckFits(v values) error {
	if v.text("how") == "code" {
		return missing(v, "code", "code: REQUEST_TIMED_OUT")
	}
	if v.has("code") {
		return errors.New("code is of how: code alone: write that, or leave code out")
	}
	return nil
}
