package force

import (
	"maps"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// sessions remembers what fetch sessions ask for: a request of an incremental
// session (KIP-227) leaves out partitions from which the client asks for the
// same as before. The zero value remembers none.
type sessions struct {
	mu  sync.Mutex
	was map[session]map[fetched]int64
}

// sessionsKept bounds how many are remembered, as brokers do.
const sessionsKept = 1000

type session struct {
	broker int32
	id     int32
}

type fetched struct {
	topic     string
	id        [16]byte
	partition int32
}

// asked notes the offsets of a request.
func (s *sessions) asked(l relay.Link, req *kmsg.FetchRequest) {
	if req.SessionID == 0 {
		return // it asks for all that it wants, and the response finds it there
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	offsets := s.of(session{l.Broker, req.SessionID}, req.SessionEpoch <= 0)
	maps.Copy(offsets, listed(req))
	for _, t := range req.ForgottenTopics {
		for _, p := range t.Partitions {
			delete(offsets, fetched{t.Topic, t.TopicID, p})
		}
	}
}

// answered begins a session that the response to a full request opens.
func (s *sessions) answered(l relay.Link, req *kmsg.FetchRequest, resp *kmsg.FetchResponse) {
	if resp.SessionID == 0 || resp.SessionID == req.SessionID {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	offsets := s.of(session{l.Broker, resp.SessionID}, true)
	maps.Copy(offsets, listed(req))
}

// offsets are those that a request asks for, with those that it leaves out.
func (s *sessions) offsets(l relay.Link, req *kmsg.FetchRequest) map[fetched]int64 {
	out := map[fetched]int64{}
	s.mu.Lock()
	maps.Copy(out, s.was[session{l.Broker, req.SessionID}])
	s.mu.Unlock()
	maps.Copy(out, listed(req))
	return out
}

func (s *sessions) of(at session, anew bool) map[fetched]int64 {
	offsets, ok := s.was[at]
	if !ok || anew {
		if s.was == nil || len(s.was) >= sessionsKept {
			s.was = map[session]map[fetched]int64{}
		}
		offsets = map[fetched]int64{}
		s.was[at] = offsets
	}
	return offsets
}

func listed(req *kmsg.FetchRequest) map[fetched]int64 {
	out := map[fetched]int64{}
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			out[fetched{t.Topic, t.TopicID, p.Partition}] = p.FetchOffset
		}
	}
	return out
}
