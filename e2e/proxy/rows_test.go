package proxy_test

import (
	"slices"
	"strings"
)

// What an application of a row writes with, and how it reads and what, where
// that is not in a classic group and JSON.
const (
	idempotent    = "idempotent"
	plain         = "plain"
	transactional = "transactional"
	newGroup      = "idempotent, new group"
	avro          = "idempotent, Avro"
	protobuf      = "idempotent, Protobuf"
)

// applications are all of these.
func applications() []string {
	return []string{idempotent, plain, transactional, newGroup, avro, protobuf}
}

// neverAsks is said of a client that never sends the request of a fault.
const neverAsks = "never asks"

// row is one of docs/KAFKA_FAULTS.md: a fault, and what each client sees.
type row struct {
	fault string // as --fault takes it
	by    string // which application
	with  string // faults that come with it, so that the client asks what this one is about
	then  string // what is done while it is in force
	// sees are the words of franz-go, sarama, librdkafka and Java; those in
	// brackets may be missing.
	sees [4]string
}

// What is done while a fault is in force: leaders once it met something,
// and consumers so that it does.
const (
	leadersMove    = "leaders move"
	consumersLeave = "consumers leave, and others join"
)

// rows are those of the document, in its order.
func rows() []row {
	return slices.Concat(bytesRows(), protocolRows(), groupRows(), transactionRows(), recordRows(), corruptRows(), formatRows())
}

func all(words string) [4]string { return [4]string{words, words, words, words} }

// nothing but that something is later where it is tried again.
func nothing() [4]string { return all("") }

// bytesRows are the faults of bytes.
func bytesRows() []row {
	return []row{
		{fault: "kafka.delay delay=1s api=Produce direction=request", by: idempotent, sees: all("acks late")},
		{fault: "kafka.delay delay=1s api=Fetch direction=response", by: idempotent, sees: all("reads late")},
		{fault: "kafka.bandwidth bytes_per_second=500 direction=request", by: idempotent, sees: all("acks late")},
		{fault: "kafka.bandwidth bytes_per_second=500 direction=response", by: idempotent, sees: all("(acks late), reads late")},
		{fault: "kafka.reset first=3", by: idempotent, sees: [4]string{"", "(consume `a lost connection`)", "(client `_ALL_BROKERS_DOWN`)", ""}},
		{fault: "kafka.black_hole", by: idempotent, sees: [4]string{"acks stall, reads stall", "acks stall, reads stall, (consume `a lost connection`)", "acks stall, reads stall", "acks stall, reads stall"}},
		{fault: "kafka.black_hole api=Fetch direction=response", by: idempotent, sees: [4]string{"reads stall", "reads stall, (consume `a lost connection`)", "reads stall", "reads stall"}},
		{fault: "kafka.slow_close delay=1s", by: idempotent, sees: nothing()},
		{fault: "kafka.partition", by: idempotent, sees: [4]string{"acks stall, reads stall", "acks stall, reads stall, (consume `a lost connection`)", "acks stall, reads stall", "acks stall, reads stall"}},
	}
}

// split reads a fault as --fault takes it.
func split(text string) (kind string, with map[string]string) {
	words := strings.Fields(text)
	with = map[string]string{}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		with[name] = value
	}
	return words[0], with
}
