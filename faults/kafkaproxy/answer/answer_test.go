package answer_test

import (
	"bytes"
	"maps"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/kafkaproxy/answer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// each runs a test in each version of some APIs.
func each(t *testing.T, keys []kmsg.Key, test func(t *testing.T, key, version int16)) {
	t.Helper()
	for _, key := range keys {
		t.Run(key.Name(), func(t *testing.T) {
			t.Parallel()
			for version := range key.Request().MaxVersion() + 1 {
				test(t, key.Int16(), version)
			}
		})
	}
}

func check(t *testing.T, resp kmsg.Response, want map[string]int16) {
	t.Helper()
	if got := codes(resp); !maps.Equal(got, want) {
		t.Errorf("%s of version %d tells %v, want %v", kmsg.NameForKey(resp.Key()), resp.GetVersion(), got, want)
	}
}

func TestRefuseSomePartitions(t *testing.T) {
	t.Parallel()
	keys := []kmsg.Key{kmsg.Produce, kmsg.OffsetCommit, kmsg.TxnOffsetCommit}
	each(t, keys, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		req := request(t, key, version)
		resp, all := answer.Refuse(req, 19, redOne)
		if all {
			t.Fatalf("version %d: two partitions were not selected, and are refused as well", version)
		}
		if answer.Selects(req, redOne) {
			t.Errorf("version %d: what is refused is still asked for", version)
		}
		check(t, reread(t, resp), map[string]int16{"red/1": 19})

		broker := response(t, key, version) // merged into: of red and blue, without red/1
		answer.SetError(broker, 0, answer.All)
		rest := req.ResponseKind()
		for _, name := range topics {
			give(rest, name, 0)
		}
		answer.Merge(rest, resp)
		check(t, reread(t, rest), map[string]int16{"red/0": 0, "red/1": 19, "blue/0": 0})
	})
}

func TestRefuseAll(t *testing.T) {
	t.Parallel()
	keys := []kmsg.Key{kmsg.Produce, kmsg.OffsetCommit, kmsg.TxnOffsetCommit, kmsg.AddPartitionsToTxn}
	each(t, keys, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		resp, all := answer.Refuse(request(t, key, version), 7, answer.All)
		if !all {
			t.Fatalf("version %d: something is left of a request that is refused", version)
		}
		check(t, reread(t, resp), map[string]int16{"red/0": 7, "red/1": 7, "blue/0": 7})
	})
}

func TestRefuseOneOfATransaction(t *testing.T) {
	t.Parallel()
	each(t, []kmsg.Key{kmsg.AddPartitionsToTxn}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		resp, all := answer.Refuse(request(t, key, version), 48, redOne)
		if !all {
			t.Fatalf("version %d: a part of a transaction goes on", version)
		}
		check(t, reread(t, resp), map[string]int16{"red/0": 55, "red/1": 48, "blue/0": 55})
	})
}

func TestRefuseWholes(t *testing.T) {
	t.Parallel()
	keys := []kmsg.Key{
		kmsg.InitProducerID, kmsg.AddOffsetsToTxn, kmsg.EndTxn, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat,
		kmsg.LeaveGroup, kmsg.ConsumerGroupHeartbeat,
	}
	each(t, keys, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		req := request(t, key, version)
		resp, all := answer.Refuse(req, 16, answer.All)
		if !all {
			t.Fatalf("version %d: something is left of a request that is refused", version)
		}
		got := reread(t, resp)
		check(t, got, map[string]int16{"": 16})
		switch r := got.(type) {
		case *kmsg.JoinGroupResponse:
			if r.MemberID != "me" || r.Generation != -1 || len(r.Members) != 0 {
				t.Errorf("version %d: a refused member is told %q, generation %d, %d members", version, r.MemberID, r.Generation, len(r.Members))
			}
		case *kmsg.InitProducerIDResponse:
			if r.ProducerID != -1 || r.ProducerEpoch != -1 {
				t.Errorf("version %d: a refused producer is given id %d, epoch %d", version, r.ProducerID, r.ProducerEpoch)
			}
		}
		if resp, _ := answer.Refuse(req, 16, redOne); resp != nil {
			t.Errorf("version %d: selected by a topic that it does not name", version)
		}
	})
}

func TestReadsAreNotRefused(t *testing.T) {
	t.Parallel()
	for _, key := range []kmsg.Key{kmsg.Fetch, kmsg.Metadata, kmsg.FindCoordinator, kmsg.OffsetFetch, kmsg.ListOffsets} {
		if resp, all := answer.Refuse(key.Request(), 1, answer.All); resp != nil || all {
			t.Errorf("%s is refused before the broker answers: nobody knows what it would say", key.Name())
		}
	}
}

func TestErrorsAfter(t *testing.T) {
	t.Parallel()
	keys := []kmsg.Key{
		kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.OffsetCommit, kmsg.TxnOffsetCommit, kmsg.OffsetFetch,
	}
	each(t, keys, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		resp := response(t, key, version)
		if n := answer.SetError(resp, 6, redOne); n != 1 {
			t.Fatalf("version %d: told at %d places, want 1", version, n)
		}
		want := map[string]int16{"red/0": 0, "red/1": 6, "blue/0": 0}
		if key == kmsg.OffsetFetch.Int16() {
			want[""] = 0
			if version >= 8 {
				want["readers"] = 0
			}
		}
		check(t, reread(t, resp), want)
	})
}

func TestErrorsOfAFetchKeepTheMarks(t *testing.T) {
	t.Parallel()
	each(t, []kmsg.Key{kmsg.Fetch}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		resp := response(t, key, version)
		answer.SetError(resp, 6, redOne)
		r := reread(t, resp).(*kmsg.FetchResponse)
		for _, topic := range r.Topics {
			for _, p := range topic.Partitions {
				if p.HighWatermark != 50 {
					t.Errorf("version %d: the high watermark became %d", version, p.HighWatermark)
				}
				if failed := p.ErrorCode != 0; failed != (len(p.RecordBatches) == 0) {
					t.Errorf("version %d: code %d with %d bytes of records", version, p.ErrorCode, len(p.RecordBatches))
				}
			}
		}
		if version >= 7 && r.SessionID != 7 {
			t.Errorf("version %d: the session became %d", version, r.SessionID)
		}
	})
}

func TestErrorsOfAFetchSession(t *testing.T) {
	t.Parallel()
	for version := int16(7); version <= kmsg.Fetch.Request().MaxVersion(); version++ {
		resp := response(t, kmsg.Fetch.Int16(), version)
		answer.SetError(resp, 70, redOne)
		r := reread(t, resp).(*kmsg.FetchResponse)
		if r.ErrorCode != 70 || r.SessionID != 0 || len(r.Topics) != 0 {
			t.Errorf("version %d: code %d, session %d, %d topics: a lost session has none", version, r.ErrorCode, r.SessionID, len(r.Topics))
		}
	}
}

func TestErrorsOfMetadata(t *testing.T) {
	t.Parallel()
	each(t, []kmsg.Key{kmsg.Metadata, kmsg.DescribeTopicPartitions}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		resp := response(t, key, version)
		answer.SetError(resp, 5, redOne)
		check(t, reread(t, resp), map[string]int16{"red": 0, "blue": 0, "red/0": 0, "red/1": 5, "blue/0": 0})
		resp = response(t, key, version)
		answer.SetError(resp, 29, redOne)
		check(t, reread(t, resp), map[string]int16{"red": 29, "blue": 0, "blue/0": 0})
	})
}

func TestErrorsOfCoordinators(t *testing.T) {
	t.Parallel()
	each(t, []kmsg.Key{kmsg.FindCoordinator}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		resp := response(t, key, version)
		answer.SetError(resp, 15, func(p answer.Place) bool { return p.Group != "others" })
		want := map[string]int16{"": 15}
		if version >= 4 {
			want = map[string]int16{"readers": 15, "others": 0}
		}
		check(t, reread(t, resp), want)
	})
	each(t, []kmsg.Key{kmsg.OffsetFetch}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		resp := response(t, key, version)
		answer.SetError(resp, 14, answer.All)
		want := map[string]int16{"": 14}
		switch {
		case version < 2:
			want = map[string]int16{"": 0, "red/0": 14, "red/1": 14, "blue/0": 14}
		case version >= 8:
			want = map[string]int16{"": 0, "readers": 14}
		}
		check(t, reread(t, resp), want)
	})
}

func TestTook(t *testing.T) {
	t.Parallel()
	each(t, []kmsg.Key{kmsg.Produce}, func(t *testing.T, key, version int16) { //nolint:thelper // the test itself
		req := request(t, key, version).(*kmsg.ProduceRequest)
		resp, all := answer.Took(req, redOne)
		if all || answer.Selects(req, redOne) {
			t.Fatalf("version %d: took all: %v; the rest of the request still has it: %v", version, all, answer.Selects(req, redOne))
		}
		got := reread(t, resp).(*kmsg.ProduceResponse)
		check(t, got, map[string]int16{"red/1": 0})
		if base := got.Topics[0].Partitions[0].BaseOffset; base != -1 {
			t.Errorf("version %d: base offset %d of what is not in the log", version, base)
		}
		if _, all = answer.Took(req, answer.All); !all {
			t.Errorf("version %d: something is left of a request that was taken", version)
		}
	})
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	has := map[kmsg.Key]int16{ // since which version
		kmsg.Produce: 1, kmsg.Fetch: 1, kmsg.ListOffsets: 2, kmsg.Metadata: 3, kmsg.OffsetCommit: 3, kmsg.OffsetFetch: 3,
		kmsg.FindCoordinator: 1, kmsg.JoinGroup: 2, kmsg.Heartbeat: 1, kmsg.LeaveGroup: 1, kmsg.SyncGroup: 1,
		kmsg.InitProducerID: 0, kmsg.SASLHandshake: 100,
	}
	for key, since := range has {
		for version := range key.Request().MaxVersion() + 1 {
			resp := response(t, key.Int16(), version)
			was := resp.AppendTo(nil)
			met := answer.Throttle(resp, 1500*time.Millisecond)
			if met != (version >= since) {
				t.Errorf("%s of version %d: throttled %v, and it has the field since version %d", key.Name(), version, met, since)
			}
			if met == bytes.Equal(was, resp.AppendTo(nil)) {
				t.Errorf("%s of version %d: said to be throttled: %v, and its bytes say otherwise", key.Name(), version, met)
			}
			if met && answer.Throttle(resp, time.Second) {
				t.Errorf("%s of version %d: a shorter wait took the place of a longer", key.Name(), version)
			}
		}
	}
}

func TestKnows(t *testing.T) {
	t.Parallel()
	for key := range int16(kmsg.MaxKey + 1) {
		if answer.Acts(key) && !answer.Knows(key) {
			t.Errorf("%s can be refused, and not told of an error", kmsg.NameForKey(key))
		}
		if answer.ByTopic(key) && !answer.Knows(key) {
			t.Errorf("%s names topics, and no error can be told of them", kmsg.NameForKey(key))
		}
	}
	for _, key := range []kmsg.Key{kmsg.ApiVersions, kmsg.SASLHandshake, kmsg.SASLAuthenticate} {
		if answer.Knows(key.Int16()) {
			t.Errorf("%s: a fault of it would only break connections", key.Name())
		}
	}
	if answer.Knows(1 << 14) {
		t.Error("an API that does not exist is known")
	}
}
