package proxy_test

// Which producer a client of a row has.
const (
	idempotent    = "idempotent"
	plain         = "plain"
	transactional = "transactional"
)

// neverAsks is said of a client that never sends the request of a fault.
const neverAsks = "never asks"

// row is one of docs/KAFKA_FAULTS.md: a fault, and what each client sees.
type row struct {
	fault    string // as --fault takes it
	producer string
	with     string // faults that come with it, so that the client asks what this one is about
	sees     [4]string
}

// rows are those of the document, in its order.
func rows() []row {
	return []row{
		{fault: "kafka.delay delay=1s api=Produce direction=request"},
		{fault: "kafka.delay delay=1s api=Fetch direction=response"},
		{fault: "kafka.bandwidth bytes_per_second=500 direction=request"},
		{fault: "kafka.bandwidth bytes_per_second=500 direction=response"},
		{fault: "kafka.reset first=3"},
		{fault: "kafka.black_hole"},
		{fault: "kafka.black_hole api=Fetch direction=response"},
		{fault: "kafka.slow_close delay=1s"},
		{fault: "kafka.partition"},

		{fault: "kafka.error code=NOT_ENOUGH_REPLICAS api=Produce first=3"},
		{fault: "kafka.error code=NOT_ENOUGH_REPLICAS_AFTER_APPEND when=after api=Produce first=3"},
		{fault: "kafka.error code=TOPIC_AUTHORIZATION_FAILED api=Produce first=1"},
		{fault: "kafka.error code=MESSAGE_TOO_LARGE when=after api=Produce first=1"},
		{fault: "kafka.error code=NOT_LEADER_OR_FOLLOWER api=Fetch first=3"},
		{fault: "kafka.error code=TOPIC_AUTHORIZATION_FAILED api=Fetch first=1"},
		{fault: "kafka.error code=UNKNOWN_SERVER_ERROR api=Fetch first=1"},
		{fault: "kafka.error code=LEADER_NOT_AVAILABLE api=Metadata first=2"},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=OffsetCommit first=1"},
		{fault: "kafka.error code=UNKNOWN_MEMBER_ID api=OffsetCommit first=1"},
		{fault: "kafka.error code=UNKNOWN_MEMBER_ID when=after api=OffsetCommit first=1"},
		{fault: "kafka.error code=NOT_COORDINATOR api=Heartbeat first=1"},
		{fault: "kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1"},
		{fault: "kafka.error code=COORDINATOR_NOT_AVAILABLE api=FindCoordinator first=2", with: "kafka.error code=NOT_COORDINATOR api=Heartbeat first=1"},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=JoinGroup first=1", with: "kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1"},
		{fault: "kafka.error code=REBALANCE_IN_PROGRESS api=SyncGroup first=1", with: "kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1"},
		{fault: "kafka.lost_ack first=3"},
		{fault: "kafka.lost_ack how=code code=REQUEST_TIMED_OUT first=3"},
		{fault: "kafka.lost_ack how=silence first=1"},
		{fault: "kafka.stale_metadata how=wrong_leader"},
		{fault: "kafka.stale_metadata how=frozen"},
		{fault: "kafka.throttle time=1500ms api=Produce first=3"},
		{fault: "kafka.throttle time=1500ms api=Fetch first=3"},
		{fault: "kafka.move_coordinator", with: "kafka.error code=NOT_COORDINATOR api=JoinGroup first=1; kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1"},
		{fault: "kafka.disconnect first=2 api=Fetch"},
		{fault: "kafka.disconnect first=2 api=Produce"},

		{fault: "kafka.drop every=5"},
		{fault: "kafka.hold delay=1500ms every=20"},
		{fault: "kafka.swap_values every=2"},
		{fault: "kafka.duplicate every=5"},

		{fault: "kafka.corrupt type=field_swap fields=n,quantity every=5"},
		{fault: "kafka.corrupt type=price_value_swap every=5"},
		{fault: "kafka.corrupt type=bit_flip bit=47 every=5"},
		{fault: "kafka.corrupt type=bit_flip bit=47 crc=broken first=1"},
		{fault: "kafka.corrupt type=truncate every=5"},
		{fault: "kafka.corrupt type=wrong_schema_id every=5"},
		{fault: "kafka.corrupt type=null_value every=5"},
		{fault: "kafka.corrupt type=wrong_type fields=price every=5"},
		{fault: "kafka.corrupt type=timestamp_shift by=-1h every=5"},
		{fault: "kafka.corrupt type=timestamp_shift by=-1h fields=at every=5"},
		{fault: "kafka.corrupt type=new_field every=5"},
		{fault: "kafka.corrupt type=field_swap fields=n,quantity direction=produce every=5"},
		{fault: "kafka.corrupt type=price_value_swap direction=produce every=5"},
		{fault: "kafka.corrupt type=bit_flip bit=47 direction=produce every=5"},
		{fault: "kafka.corrupt type=bit_flip bit=47 crc=broken direction=produce first=1"},
		{fault: "kafka.corrupt type=truncate direction=produce every=5"},
		{fault: "kafka.corrupt type=wrong_schema_id direction=produce every=5"},
		{fault: "kafka.corrupt type=null_value direction=produce every=5"},
		{fault: "kafka.corrupt type=wrong_type fields=price direction=produce every=5"},
		{fault: "kafka.corrupt type=timestamp_shift by=-1h direction=produce every=5"},
		{fault: "kafka.corrupt type=timestamp_shift by=-1h fields=at direction=produce every=5"},
		{fault: "kafka.corrupt type=new_field direction=produce every=5"},

		{fault: "kafka.drop direction=produce every=5", producer: plain},
		{fault: "kafka.hold delay=1500ms direction=produce every=20", producer: plain},
		{fault: "kafka.reorder every=2", producer: plain},
		{fault: "kafka.lost_ack first=3", producer: plain},
		{fault: "kafka.lost_ack how=code code=REQUEST_TIMED_OUT first=3", producer: plain},
		{fault: "kafka.lost_ack how=silence first=1", producer: plain},

		{fault: "kafka.error code=CONCURRENT_TRANSACTIONS api=AddPartitionsToTxn first=2", producer: transactional},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=AddOffsetsToTxn first=2", producer: transactional},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=TxnOffsetCommit first=2", producer: transactional},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=EndTxn first=2", producer: transactional},
		{fault: "kafka.error code=INVALID_PRODUCER_EPOCH api=EndTxn first=1", producer: transactional},
		{fault: "kafka.lost_ack api=EndTxn first=1", producer: transactional},
		{fault: "kafka.lost_ack first=2", producer: transactional},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=InitProducerId first=2", producer: transactional, with: "kafka.error code=INVALID_PRODUCER_EPOCH api=EndTxn first=1"},
	}
}
