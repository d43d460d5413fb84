package frame

// field is one field of a response, in the order of the wire. Generated
// sources of the same: clients/src/main/resources/common/message in Kafka.
type field struct {
	kind     kind
	size     int64 // of fixed, and of an element of fixedList
	from, to int16 // the versions that have it; to is the first without it, 0 where there is none
	of       []field
}

type kind int

const (
	fixed     kind = iota // size bytes
	text                  // may be null
	blob                  // bytes, may be null
	list                  // of structs
	object                // a struct
	fixedList             // of elements of size bytes
	node                  // id of the broker whose address follows
	address               // host and port, of the node before it
	topicName             // may be null
	topicID               // of the topic before it
)

// response is the schema of the response to an API that Carries names. Tags
// are not told.
func response(key int16) []field {
	switch key {
	case Produce:
		return produced()
	case Fetch:
		return fetched()
	case Metadata:
		return metadata()
	case FindCoordinator:
		return coordinator()
	case describeCluster:
		return cluster()
	case shareFetch:
		return shareFetched()
	case shareAcknowledge:
		return shareAcknowledged()
	}
	return nil
}

func broker() []field {
	return []field{{kind: node}, {kind: address}, {kind: text}} // rack
}

func metadata() []field {
	return []field{
		{size: 4, from: 3}, // throttle
		{kind: list, of: []field{{kind: node}, {kind: address}, {kind: text, from: 1}}},
		{kind: text, from: 2}, // cluster
		{size: 4, from: 1},    // controller
		{kind: list, of: []field{
			{size: 2}, // error
			{kind: topicName},
			{kind: topicID, from: 10},
			{size: 1, from: 1}, // internal
			{kind: list, of: []field{
				{size: 2 + 4 + 4}, {size: 4, from: 7}, // error, partition, leader; epoch
				{kind: fixedList, size: 4}, {kind: fixedList, size: 4}, {kind: fixedList, size: 4, from: 5}, // replicas, in sync, offline
			}},
			{size: 4, from: 8}, // authorized operations
		}},
		{size: 4, from: 8, to: 11}, // authorized operations
		{size: 2, from: 13},        // error
	}
}

func coordinator() []field {
	return []field{
		{size: 4, from: 1}, // throttle
		{size: 2, to: 4},
		{kind: text, from: 1, to: 4}, // error; its message
		{kind: node, to: 4},
		{kind: address, to: 4},
		{kind: list, from: 4, of: []field{
			{kind: text}, {kind: node}, {kind: address}, {size: 2}, {kind: text}, // key; error, its message
		}},
	}
}

func cluster() []field {
	return []field{
		{size: 4 + 2}, {kind: text}, // throttle, error; its message
		{size: 1, from: 1}, // type of endpoints
		{kind: text},       // cluster
		{size: 4},          // controller
		{kind: list, of: append(broker(), field{size: 1, from: 2})}, // fenced
		{size: 4}, // authorized operations
	}
}

func produced() []field {
	return []field{
		{kind: list, of: []field{
			{kind: text, to: 13}, {size: 16, from: 13}, // topic, or its id
			{kind: list, of: []field{
				{size: 4 + 2 + 8}, {size: 8, from: 2}, {size: 8, from: 5}, // partition, error, base offset; append time; log start
				{kind: list, from: 8, of: []field{{size: 4}, {kind: text}}}, {kind: text, from: 8}, // errors of records; message
			}},
		}},
		{size: 4, from: 1}, // throttle
	}
}

// produce is the schema of a request.
func produce() []field {
	return []field{
		{kind: text, from: 3}, {size: 2 + 4}, // transactional id; acknowledgements, timeout
		{kind: list, of: []field{
			{kind: text, to: 13}, {size: 16, from: 13}, // topic, or its id
			{kind: list, of: []field{{size: 4}, {kind: blob}}}, // partition, records
		}},
	}
}

func fetched() []field {
	return []field{
		{size: 4, from: 1}, {size: 2 + 4, from: 7}, // throttle; error, session
		{kind: list, of: []field{
			{kind: text, to: 13}, {size: 16, from: 13}, // topic, or its id
			{kind: list, of: []field{
				{size: 4 + 2 + 8}, {size: 8, from: 4}, {size: 8, from: 5}, // partition, error, high watermark; last stable; log start
				{kind: list, from: 4, of: []field{{size: 8 + 8}}}, // aborted transactions
				{size: 4, from: 11}, // preferred replica
				{kind: blob},        // records
			}},
		}},
	}
}

func shareFetched() []field {
	return []field{
		{size: 4 + 2},
		{kind: text},
		{size: 4, from: 1}, // throttle, error; its message; lock timeout
		{kind: list, of: []field{
			{size: 16},
			{kind: list, of: []field{
				{size: 4 + 2}, {kind: text}, {size: 2}, {kind: text}, // partition, error; message; error of acknowledgement; message
				{kind: object, of: []field{{size: 4 + 4}}}, {kind: blob}, {kind: list, of: []field{{size: 8 + 8 + 2}}}, // leader; records; those acquired
			}},
		}},
		{kind: list, of: broker()},
	}
}

func shareAcknowledged() []field {
	return []field{
		{size: 4 + 2},
		{kind: text},
		{size: 4, from: 2}, // throttle, error; its message; lock timeout
		{kind: list, of: []field{
			{size: 16},
			{kind: list, of: []field{{size: 4 + 2}, {kind: text}, {kind: object, of: []field{{size: 4 + 4}}}}}, // partition, error; message; leader
		}},
		{kind: list, of: broker()},
	}
}
