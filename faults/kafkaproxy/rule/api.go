package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/spec"
)

// apiOf finds the key of a request by its name, in whichever case.
func apiOf(name string) (int16, bool) {
	for key := range int16(kmsg.MaxKey + 1) {
		if kmsg.RequestForKey(key) != nil && strings.EqualFold(kmsg.NameForKey(key), name) {
			return key, true
		}
	}
	return 0, false
}

// apiNames are the names of keys; nil is all of them.
func apiNames(keys []int16) []string {
	var out []string
	for key := range int16(kmsg.MaxKey + 1) {
		if kmsg.RequestForKey(key) != nil && (keys == nil || contains(keys, key)) {
			out = append(out, kmsg.NameForKey(key))
		}
	}
	return out
}

// throttled are the requests whose response may tell the client to wait. To
// make each response and look at it would bring a part of every one into the
// memory of whoever only asks for a fault's name.
func throttled() []int16 {
	never := keys(kmsg.LeaderAndISR, kmsg.StopReplica, kmsg.UpdateMetadata, kmsg.ControlledShutdown, kmsg.SASLHandshake, kmsg.WriteTxnMarkers,
		kmsg.SASLAuthenticate, kmsg.Vote, kmsg.BeginQuorumEpoch, kmsg.EndQuorumEpoch, kmsg.DescribeQuorum, kmsg.Envelope, kmsg.InitializeShareGroupState,
		kmsg.ReadShareGroupState, kmsg.WriteShareGroupState, kmsg.DeleteShareGroupState, kmsg.ReadShareGroupStateSummary)
	var out []int16
	for key := range int16(kmsg.MaxKey + 1) {
		if kmsg.NameForKey(key) != unknownKey && !contains(never, key) {
			out = append(out, key)
		}
	}
	return out
}

// unknownKey is what kmsg calls a key that no request has.
const unknownKey = "Unknown"

// topical are those of the requests that name topics.
func topical(keys []int16) []int16 {
	var out []int16
	for _, key := range keys {
		switch kmsg.Key(key) { //nolint:exhaustive // the others name none
		case kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.CreateTopics,
			kmsg.DeleteTopics, kmsg.DeleteRecords, kmsg.OffsetForLeaderEpoch, kmsg.AddPartitionsToTxn, kmsg.TxnOffsetCommit,
			kmsg.CreatePartitions, kmsg.ElectLeaders, kmsg.OffsetDelete, kmsg.DescribeProducers, kmsg.DescribeTopicPartitions,
			kmsg.ShareFetch, kmsg.ShareAcknowledge, kmsg.DescribeLogDirs, kmsg.AlterPartitionAssignments, kmsg.ListPartitionReassignments:
			out = append(out, key)
		}
	}
	return out
}

func keys(of ...kmsg.Key) []int16 {
	out := make([]int16, len(of))
	for i, k := range of {
		out[i] = k.Int16()
	}
	return out
}

func contains(keys []int16, key int16) bool { return slices.Contains(keys, key) }

// errorCode finds an error code by its name or number. The names are those
// of franz-go, and the one that Kafka gave code 6 later.
func errorCode(text string) (int16, error) {
	if n, err := strconv.ParseInt(text, 10, 16); err == nil {
		if n == 0 {
			return 0, fmt.Errorf("%q is no error: write a code such as NOT_ENOUGH_REPLICAS", text)
		}
		return int16(n), nil
	}
	var known []string
	for code, name := range errorNames() {
		if strings.EqualFold(name, text) {
			return code, nil
		}
		known = append(known, name)
	}
	hint := "write one such as NOT_ENOUGH_REPLICAS, or its number"
	if near := spec.Suggest(text, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	return 0, fmt.Errorf("no error code of Kafka is called %q: %s", text, hint)
}

// errorNames yields codes and names; code 6 has two.
func errorNames() func(yield func(int16, string) bool) {
	return func(yield func(int16, string) bool) {
		unknown := kerr.UnknownServerError
		if !yield(unknown.Code, unknown.Message) || !yield(kerr.NotLeaderForPartition.Code, "NOT_LEADER_OR_FOLLOWER") {
			return
		}
		for code := int16(1); ; code++ {
			e := kerr.TypedErrorForCode(code)
			if e == unknown {
				if code > lastGap {
					return
				}
				continue
			}
			if !yield(code, e.Message) {
				return
			}
		}
	}
}

// lastGap is past every code that Kafka has left out or will soon give.
const lastGap = 1000
