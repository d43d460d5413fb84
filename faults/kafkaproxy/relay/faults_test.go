package relay_test

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

// script is Faults that do what a test says. A function that is nil passes.
type script struct {
	needs    relay.Need
	request  func(x *relay.Exchange) relay.Action
	response func(x *relay.Exchange) relay.Action
	shaped   func(l relay.Link, h *frame.Header, way rule.Direction) *shape.Shape

	mu   sync.Mutex
	lost []*relay.Exchange
}

func (s *script) Needs(relay.Link, frame.Header) relay.Need { return s.needs }

func (s *script) Request(_ context.Context, x *relay.Exchange) relay.Action {
	if s.request == nil {
		return relay.Action{}
	}
	return s.request(x)
}

func (s *script) Response(_ context.Context, x *relay.Exchange) relay.Action {
	if s.response == nil {
		return relay.Action{}
	}
	return s.response(x)
}

func (s *script) Lost(x *relay.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = append(s.lost, x)
}

func (s *script) Shape(l relay.Link, h *frame.Header, _ *relay.Exchange, way rule.Direction) *shape.Shape {
	if s.shaped == nil {
		return nil
	}
	return s.shaped(l, h, way)
}

const all = relay.NeedRequest | relay.NeedResponse

// beating answers heartbeats.
func beating() func(net.Conn) {
	return answering(func(h frame.Header, _ []byte) []byte {
		r := kmsg.NewPtrHeartbeatResponse()
		r.Version = h.Version
		return r.AppendTo(nil)
	})
}

func heartbeatCode(t *testing.T, f []byte) int16 {
	t.Helper()
	r := kmsg.NewPtrHeartbeatResponse()
	require.NoError(t, r.ReadFrom(f[8:]))
	return r.ErrorCode
}

func TestAChangedRequestAndResponseAreEncodedAnew(t *testing.T) {
	seen := make(chan string, 1)
	broker := scripted(t, answering(func(h frame.Header, raw []byte) []byte {
		_, n, _ := frame.ReadHeader(raw[4:], "")
		m, err := frame.Request(h, raw[4+n:])
		if err == nil {
			seen <- m.(*kmsg.HeartbeatRequest).Group
		}
		return kmsg.NewPtrHeartbeatResponse().AppendTo(nil)
	}))
	address, _ := before(t, broker, &script{
		needs: all,
		request: func(x *relay.Exchange) relay.Action {
			x.Request.(*kmsg.HeartbeatRequest).Group = "books"
			x.Note = "asked"
			return relay.Action{Do: relay.Send}
		},
		response: func(x *relay.Exchange) relay.Action {
			if x.Note == "asked" {
				x.Response.(*kmsg.HeartbeatResponse).ErrorCode = 27
			}
			return relay.Action{Do: relay.Send}
		},
	})
	f := exchange(t, dial(t, address), heartbeat(7))
	assert.Equal(t, "books", <-seen)
	assert.Equal(t, int16(27), heartbeatCode(t, f))
}

// TestAnswersOfTheProxyKeepTheOrder has every second request answered by the
// proxy itself, all of them sent at once.
func TestAnswersOfTheProxyKeepTheOrder(t *testing.T) {
	faults := &script{needs: relay.NeedRequest, request: func(x *relay.Exchange) relay.Action {
		if x.Header.Correlation%2 == 0 {
			return relay.Action{}
		}
		r := kmsg.NewPtrHeartbeatResponse()
		r.ErrorCode = 16
		x.Response = r
		return relay.Action{Do: relay.Answer}
	}}
	address, _ := before(t, scripted(t, beating()), faults)
	c := dial(t, address)
	const count = 500
	go func() {
		for i := range int32(count) {
			if _, err := c.Write(heartbeat(i)); err != nil {
				return
			}
		}
	}()
	for i := range int32(count) {
		f, err := readFrame(c)
		require.NoError(t, err)
		require.Equal(t, framed(i, nil)[4:8], f[4:8])
		require.Equal(t, map[bool]int16{true: 0, false: 16}[i%2 == 0], heartbeatCode(t, f))
	}
}

func TestAnAnswerIsShownToResponseToo(t *testing.T) {
	faults := &script{
		needs: relay.NeedRequest,
		request: func(x *relay.Exchange) relay.Action {
			x.Response = kmsg.NewPtrHeartbeatResponse()
			return relay.Action{Do: relay.Answer}
		},
		response: func(x *relay.Exchange) relay.Action {
			x.Response.(*kmsg.HeartbeatResponse).ErrorCode = 25
			return relay.Action{Do: relay.Send}
		},
	}
	address, _ := before(t, scripted(t, beating()), faults)
	assert.Equal(t, int16(25), heartbeatCode(t, exchange(t, dial(t, address), heartbeat(1))))
}

func TestAResponseIsCut(t *testing.T) {
	address, _ := before(t, scripted(t, beating()), &script{needs: all, response: func(*relay.Exchange) relay.Action {
		return relay.Action{Do: relay.Cut, Part: 0.5}
	}})
	c := dial(t, address)
	_, err := c.Write(heartbeat(1))
	require.NoError(t, err)
	b, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Len(t, b, 5, "half of ten bytes")
}

func TestARetainedResponseSilencesItsConnection(t *testing.T) {
	asked := make(chan struct{}, 10)
	faults := &script{needs: all, response: func(x *relay.Exchange) relay.Action {
		asked <- struct{}{}
		if x.Header.Correlation == 2 {
			return relay.Action{Do: relay.Retain}
		}
		return relay.Action{}
	}}
	address, _ := before(t, scripted(t, beating()), faults)
	c := dial(t, address)
	exchange(t, c, heartbeat(1))
	for i := int32(2); i < 5; i++ { // a later response would be taken for the one that is missing
		_, err := c.Write(heartbeat(i))
		require.NoError(t, err)
	}
	for range 4 {
		<-asked
	}
	require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err := readFrame(c)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout(), "the connection stays")
}

func TestAConnectionIsClosedOrReset(t *testing.T) {
	for name, end := range map[string]relay.Action{"close": {Do: relay.Close}, "reset": {Do: relay.Reset}} {
		for _, way := range []string{"request", "response"} {
			t.Run(name+" "+way, func(t *testing.T) {
				faults := &script{needs: all}
				do := func(*relay.Exchange) relay.Action { return end }
				if way == "request" {
					faults.request = do
				} else {
					faults.response = do
				}
				address, _ := before(t, scripted(t, beating()), faults)
				c := dial(t, address)
				_, err := c.Write(heartbeat(1))
				require.NoError(t, err)
				_, err = readFrame(c)
				if end.Do == relay.Reset {
					assert.ErrorContains(t, err, "reset")
				} else {
					assert.ErrorIs(t, err, io.EOF)
				}
			})
		}
	}
}

func TestALostResponseIsTold(t *testing.T) {
	broker := scripted(t, func(c net.Conn) { _, _ = readFrame(c) }) // takes the request, and is gone
	faults := &script{needs: all}
	address, _ := before(t, broker, faults)
	c := dial(t, address)
	_, err := c.Write(heartbeat(3))
	require.NoError(t, err)
	closes(t, c)
	assert.Eventually(t, func() bool {
		faults.mu.Lock()
		defer faults.mu.Unlock()
		return len(faults.lost) == 1 && faults.lost[0].Header.Correlation == 3
	}, 10*time.Second, time.Millisecond)
}

func TestAHoldDelaysWhatFollowsToo(t *testing.T) {
	address, _ := before(t, scripted(t, beating()), &script{needs: all, response: func(x *relay.Exchange) relay.Action {
		if x.Header.Correlation == 1 {
			return relay.Action{Hold: 50 * time.Millisecond}
		}
		return relay.Action{}
	}})
	c := dial(t, address)
	began := time.Now()
	_, err := c.Write(append(heartbeat(1), heartbeat(2)...))
	require.NoError(t, err)
	_, err = readFrame(c)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
	_, err = readFrame(c)
	require.NoError(t, err)
}

func TestAStallHoldsBytesUntilItIsLifted(t *testing.T) {
	lift := make(chan struct{})
	faults := &script{needs: relay.NeedShape, shaped: func(l relay.Link, h *frame.Header, way rule.Direction) *shape.Shape {
		assert.Equal(t, "desk", h.ClientID)
		assert.Equal(t, int32(-1), l.Broker)
		if way == rule.Request {
			return &shape.Shape{Stalled: lift}
		}
		return nil
	}}
	address, _ := before(t, scripted(t, beating()), faults)
	c := dial(t, address)
	_, err := c.Write(heartbeat(1))
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = readFrame(c)
	require.Error(t, err)
	close(lift)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = readFrame(c)
	require.NoError(t, err)
	exchange(t, c, heartbeat(2))
}

func TestAShapedResetResets(t *testing.T) {
	address, _ := before(t, scripted(t, beating()), &script{needs: relay.NeedShape, shaped: func(_ relay.Link, _ *frame.Header, way rule.Direction) *shape.Shape {
		return &shape.Shape{Reset: way == rule.Response}
	}})
	c := dial(t, address)
	_, err := c.Write(heartbeat(1))
	require.NoError(t, err)
	_, err = readFrame(c)
	assert.ErrorContains(t, err, "reset")
}

// TestACloseIsHeardLater sets the fault after the last frame has passed.
func TestACloseIsHeardLater(t *testing.T) {
	const later = 60 * time.Millisecond
	broker := scripted(t, func(c net.Conn) {
		f, err := readFrame(c)
		if err == nil {
			_, _ = c.Write(framed(1, f))
			_, _ = readFrame(c)
		}
	})
	var set atomic.Bool
	address, _ := before(t, broker, &script{needs: relay.NeedShape, shaped: func(_ relay.Link, _ *frame.Header, way rule.Direction) *shape.Shape {
		if !set.Load() || way == rule.Request {
			return nil
		}
		return &shape.Shape{CloseDelay: later}
	}})
	c := dial(t, address)
	exchange(t, c, heartbeat(1))
	set.Store(true)
	_, err := c.Write(heartbeat(2)) // ends the broker
	require.NoError(t, err)
	began := time.Now()
	closes(t, c)
	assert.Greater(t, time.Since(began), later/2)
}

func TestWhatCannotBeReadIsPassedOn(t *testing.T) {
	large := kmsg.NewPtrOffsetCommitRequest()
	large.Group = "books"
	for range 10 {
		topic := kmsg.NewOffsetCommitRequestTopic()
		topic.Topic = string(make([]byte, 30<<10))
		large.Topics = append(large.Topics, topic)
	}
	ask := request(large, 2, 1)
	faults := &script{needs: all, request: func(*relay.Exchange) relay.Action { return relay.Action{Do: relay.Close} }}
	address, log := before(t, scripted(t, same()), faults)
	f := exchange(t, dial(t, address), ask)
	assert.Equal(t, ask, f[8:])
	log.has(t, "passed on unread")

	faults = &script{needs: relay.NeedResponse, response: func(*relay.Exchange) relay.Action { return relay.Action{Do: relay.Close} }}
	address, log = before(t, scripted(t, same()), faults)
	f = exchange(t, dial(t, address), ask)
	assert.Equal(t, ask, f[8:])
	log.has(t, "what=response api=OffsetCommit")
	faults.mu.Lock()
	defer faults.mu.Unlock()
	assert.Len(t, faults.lost, 1)
}
