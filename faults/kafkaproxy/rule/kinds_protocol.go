package rule

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/params"
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
				params.New("code", "the error by its name, such as NOT_ENOUGH_REPLICAS, or its number", "", errorCode),
				params.New("when", "before: the request does not reach the broker; after: it acts, and its answer is replaced", "before", params.Word("before", "after")),
			},
			fits: func(v params.Values) error { return params.Missing(v, "code", "code: NOT_ENOUGH_REPLICAS") },
			fill: func(v params.Values, r *Rule) {
				r.Protocol = &Protocol{Do: Error, Code: params.Read(v, "code", errorCode), Before: v.Text("when") == "before"}
			},
		},
		{
			name: "kafka.lost_ack", summary: "the broker acts and the client is not told, so that it tries again", risk: faults.Dangerous, apis: writes(), api: "Produce", lacks: itsOwnWay,
			own: []faults.Parameter{
				params.New("how", "disconnect, code (an error instead), or silence (no answer, and the client times out)", "disconnect", params.Word(lostAckWords()...)),
				params.New("code", "with how: code, the error by its name or number", "", errorCode),
			},
			fits: lostAckFits,
			fill: func(v params.Values, r *Rule) {
				r.Protocol = &Protocol{Do: LostAck, How: LostAckHow(params.Read(v, "how", params.Word(lostAckWords()...))), Code: params.Read(v, "code", errorCode)}
			},
		},
		{
			name: "kafka.stale_metadata", summary: "clients are told leaders that are not", risk: faults.Caution, serves: true,
			lacks: join(itsOwnWay, lackAll("metadata alone tells leaders: leave it out", "api")),
			own: []faults.Parameter{
				params.New("how", "frozen: leaders stay as they were first told; wrong_leader: another broker is told", "frozen", params.Word("frozen", "wrong_leader")),
			},
			fill: func(v params.Values, r *Rule) {
				r.Protocol = &Protocol{Do: StaleMetadata, Stale: StaleHow(params.Read(v, "how", params.Word("frozen", "wrong_leader")))}
			},
		},
		{
			name: "kafka.throttle", summary: "responses tell the client to wait, as a broker's quota does", risk: faults.Caution, serves: true, apis: throttled(), lacks: itsOwnWay,
			own:  []faults.Parameter{params.New("time", "how long it is to wait", "", params.Duration)},
			fits: func(v params.Values) error { return params.Missing(v, "time", "time: 2s") },
			fill: func(v params.Values, r *Rule) {
				r.Protocol = &Protocol{Do: Throttle, Time: params.Read(v, "time", params.Duration)}
			},
		},
		{
			name: "kafka.move_coordinator", summary: "clients are told another broker as the coordinator of their group or transaction", risk: faults.Caution,
			lacks: join(itsOwnWay, lackAll("a coordinator has no topic and is found by one request: write group or client_id", "topic", "partition", "api")),
			fill:  func(_ params.Values, r *Rule) { r.Protocol = &Protocol{Do: MoveCoordinator} },
		},
		{
			name: "kafka.disconnect", summary: "the connection ends in the middle of a response", risk: faults.Caution, lacks: itsOwnWay,
			own: []faults.Parameter{params.New("at", "the share of the response that is sent", "0.5", params.Share)},
			fill: func(v params.Values, r *Rule) {
				r.Protocol = &Protocol{Do: Disconnect, At: params.Read(v, "at", params.Share)}
			},
		},
	}
}

func lostAckWords() []string { return []string{"disconnect", "code", "silence"} }

func lostAckFits(v params.Values) error {
	if v.Text("how") == "code" {
		return params.Missing(v, "code", "code: REQUEST_TIMED_OUT")
	}
	if v.Has("code") {
		return errors.New("code is of how: code alone: write that, or leave code out")
	}
	return nil
}
