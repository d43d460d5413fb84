package proxy_test

// protocolRows are the faults of requests and responses.
func protocolRows() []row {
	return []row{
		{fault: "kafka.error code=NOT_ENOUGH_REPLICAS api=Produce first=3", by: idempotent, sees: nothing()},
		{fault: "kafka.error code=NOT_ENOUGH_REPLICAS_AFTER_APPEND when=after api=Produce first=3", by: idempotent, sees: nothing()},
		{fault: "kafka.error code=TOPIC_AUTHORIZATION_FAILED api=Produce first=1", by: idempotent, sees: [4]string{"produce `TOPIC_AUTHORIZATION_FAILED`", "produce `The client is not authorized to access this topic`", "produce `TOPIC_AUTHORIZATION_FAILED`, (produce `_DESTROY`), (produce `_UNKNOWN_PARTITION`), (client `OUT_OF_ORDER_SEQUENCE_NUMBER`), (client `_FATAL`), (produce `OUT_OF_ORDER_SEQUENCE_NUMBER`), (produce `_FATAL`), (produce `_PURGE_QUEUE`)", "produce `TopicAuthorizationException`"}},
		{fault: "kafka.error code=MESSAGE_TOO_LARGE when=after api=Produce first=1", by: idempotent, sees: [4]string{"produce `MESSAGE_TOO_LARGE`, stored all the same", "produce `Message was too large`, stored all the same", "produce `MSG_SIZE_TOO_LARGE`, stored all the same", "(produce `RecordTooLargeException`), (stored all the same)"}},
		{fault: "kafka.error code=NOT_LEADER_OR_FOLLOWER api=Fetch first=3", by: idempotent, sees: [4]string{"", "(reads stall)", "", ""}},
		{fault: "kafka.error code=TOPIC_AUTHORIZATION_FAILED api=Fetch first=1", by: idempotent, sees: [4]string{"consume `TOPIC_AUTHORIZATION_FAILED`", "consume `The client is not authorized to access this topic`", "consume `TOPIC_AUTHORIZATION_FAILED`", "consume `TopicAuthorizationException`"}},
		{fault: "kafka.error code=UNKNOWN_SERVER_ERROR api=Fetch first=1", by: idempotent, sees: [4]string{"consume `UNKNOWN_SERVER_ERROR`", "consume `Unexpected (unknown?) server error`", "consume `UNKNOWN`", ""}},
		{fault: "kafka.error code=OFFSET_OUT_OF_RANGE api=Fetch first=1", by: idempotent, sees: [4]string{"consume `lost records`, reads again", "consume `The requested offset is outside the range of offsets maintained by the server for the given topic/partition`", "reads again", "reads again"}},
		{fault: "kafka.error code=NOT_LEADER_OR_FOLLOWER api=ListOffsets first=1", by: idempotent, with: "kafka.error code=OFFSET_OUT_OF_RANGE api=Fetch first=1", sees: [4]string{"consume `lost records`, reads again", "consume `The requested offset is outside the range of offsets maintained by the server for the given topic/partition`", "(never asks), reads again", "reads again"}},
		{fault: "kafka.error code=LEADER_NOT_AVAILABLE api=Metadata first=2", by: idempotent, sees: nothing()},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=OffsetCommit first=1", by: idempotent, sees: nothing()},
		{fault: "kafka.error code=UNKNOWN_MEMBER_ID api=OffsetCommit first=1", by: idempotent, sees: [4]string{"", "consume `The provided member is not known in the current generation`", "(reads again), reads stall", "(reads again), reads stall"}},
		{fault: "kafka.error code=UNKNOWN_MEMBER_ID when=after api=OffsetCommit first=1", by: idempotent, sees: [4]string{"", "consume `The provided member is not known in the current generation`", "(reads again), reads stall", "(reads again), reads stall"}},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=OffsetFetch first=1", by: idempotent, with: "kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1", sees: [4]string{"never asks", "", "", ""}},
		{fault: "kafka.error code=NOT_COORDINATOR api=Heartbeat first=1", by: idempotent, sees: nothing()},
		{fault: "kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1", by: idempotent, sees: nothing()},
		{fault: "kafka.error code=COORDINATOR_NOT_AVAILABLE api=FindCoordinator first=2", by: idempotent, with: "kafka.error code=NOT_COORDINATOR api=Heartbeat first=1", sees: nothing()},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=JoinGroup first=1", by: idempotent, with: "kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1", sees: [4]string{"", "(reads stall)", "", ""}},
		{fault: "kafka.error code=REBALANCE_IN_PROGRESS api=SyncGroup first=1", by: idempotent, with: "kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1", sees: [4]string{"", "(reads stall)", "", ""}},
		{fault: "kafka.lost_ack first=3", by: idempotent, sees: nothing()},
		{fault: "kafka.lost_ack how=code code=REQUEST_TIMED_OUT first=3", by: idempotent, sees: nothing()},
		{fault: "kafka.lost_ack how=silence first=1", by: idempotent, sees: all("acks late")},
		{fault: "kafka.stale_metadata how=wrong_leader", by: idempotent, sees: [4]string{"acks stall, reads stall", "", "", "acks stall, reads stall"}},
		{fault: "kafka.stale_metadata how=frozen", by: idempotent, then: leadersMove, sees: [4]string{"reads stall", "acks stall, reads stall", "", ""}},
		{fault: "kafka.throttle time=1500ms api=Produce first=3", by: idempotent, sees: [4]string{"acks late", "acks late", "", "acks late"}},
		{fault: "kafka.throttle time=1500ms api=Fetch first=3", by: idempotent, sees: [4]string{"reads late", "reads late", "", "reads late"}},
		{fault: "kafka.move_coordinator", by: idempotent, with: "kafka.error code=NOT_COORDINATOR api=JoinGroup first=1; kafka.error code=REBALANCE_IN_PROGRESS api=Heartbeat first=1", sees: [4]string{"(consume `unable to join group session`), (reads stall)", "reads stall", "reads stall", "reads stall"}},
		{fault: "kafka.disconnect api=Fetch first=2", by: idempotent, sees: [4]string{"", "consume `a lost connection`", "", ""}},
		{fault: "kafka.disconnect api=Produce first=2", by: idempotent, sees: nothing()},
		{fault: "kafka.lost_ack first=3", by: plain, sees: all("stored twice")},
		{fault: "kafka.lost_ack how=code code=REQUEST_TIMED_OUT first=3", by: plain, sees: all("stored twice")},
		{fault: "kafka.lost_ack how=silence first=1", by: plain, sees: all("acks late, stored twice")},
	}
}

// groupRows are the faults of members that leave, and of groups by KIP-848.
func groupRows() []row {
	return []row{
		{fault: "kafka.error code=COORDINATOR_NOT_AVAILABLE api=LeaveGroup first=1", by: idempotent, then: consumersLeave, sees: [4]string{"(reads again)", "consume `The coordinator is not available`, consume `a lost connection`, reads stall", "reads stall", "reads stall"}},
		{fault: "kafka.error code=UNKNOWN_MEMBER_ID when=after api=LeaveGroup first=1", by: idempotent, then: consumersLeave, sees: [4]string{"leave `UNKNOWN_MEMBER_ID`, reads again", "", "", ""}},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=ConsumerGroupHeartbeat first=2", by: newGroup, sees: [4]string{"", neverAsks, "", ""}},
		{fault: "kafka.error code=NOT_COORDINATOR api=ConsumerGroupHeartbeat first=1", by: newGroup, sees: [4]string{"", neverAsks, "", ""}},
		{fault: "kafka.error code=FENCED_MEMBER_EPOCH api=ConsumerGroupHeartbeat first=1", by: newGroup, sees: [4]string{"(reads again)", neverAsks, "(reads again)", "(reads again)"}},
	}
}

// transactionRows are the faults of transactions.
func transactionRows() []row {
	return []row{
		{fault: "kafka.error code=CONCURRENT_TRANSACTIONS api=AddPartitionsToTxn first=2", by: transactional, sees: [4]string{"never asks", "", "", "never asks"}},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=AddOffsetsToTxn first=2", by: transactional, sees: [4]string{"never asks", "", "", "never asks"}},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=TxnOffsetCommit first=2", by: transactional, sees: nothing()},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=EndTxn first=2", by: transactional, sees: nothing()},
		{fault: "kafka.error code=INVALID_PRODUCER_EPOCH api=EndTxn first=1", by: transactional, sees: [4]string{"(reads again), transaction `INVALID_PRODUCER_EPOCH`", "transaction `Producer attempted an operation with an old epoch`", "transaction `_FENCED`", "transaction `ProducerFencedException`"}},
		{fault: "kafka.error code=COORDINATOR_LOAD_IN_PROGRESS api=InitProducerId first=2", by: transactional, with: "kafka.error code=INVALID_PRODUCER_EPOCH api=EndTxn first=1", sees: [4]string{"(reads again), transaction `INVALID_PRODUCER_EPOCH`", "transaction `Producer attempted an operation with an old epoch`", "transaction `_FENCED`", "transaction `ProducerFencedException`"}},
		{fault: "kafka.lost_ack api=EndTxn first=1", by: transactional, sees: nothing()},
		{fault: "kafka.lost_ack first=2", by: transactional, sees: nothing()},
	}
}
