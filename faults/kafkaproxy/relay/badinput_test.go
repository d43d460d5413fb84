package relay_test

import (
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// same answers each request with its own bytes.
func same() func(net.Conn) {
	return answering(func(_ frame.Header, request []byte) []byte { return request })
}

func heartbeat(correlation int32) []byte {
	return request(kmsg.NewPtrHeartbeatRequest(), 0, correlation)
}

func TestBadRequestsCloseTheirConnectionAndNoOther(t *testing.T) {
	prefixed := func(size uint32, b ...byte) []byte { return append(binary.BigEndian.AppendUint32(nil, size), b...) }
	for name, bad := range map[string]struct {
		sent []byte
		why  string
	}{
		"HTTP":                   {[]byte("GET / HTTP/1.1\r\nHost: kafka\r\n\r\n"), "a frame of 1195725856 bytes"},
		"two GiB":                {prefixed(1<<31-1, 0, 3), "a frame of 2147483647 bytes"},
		"a negative length":      {prefixed(1<<32-1, 0, 3), "a frame of 4294967295 bytes"},
		"no header in it":        {prefixed(3, 0, 3, 0), "a frame of 3 bytes ends too early"},
		"an endless client id":   {prefixed(12, 0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 'x', 'y'), "a frame of 12 bytes ends too early"},
		"a negative client id":   {prefixed(10, 0, 3, 0, 1, 0, 0, 0, 1, 0x80, 0), "the client id is -32768 bytes long"},
		"an unknown API":         {prefixed(10, 0x7f, 0, 0, 1, 0, 0, 0, 1, 0, 0), "API key 32512, version 1"},
		"a negative API":         {prefixed(10, 0xff, 0xff, 0, 1, 0, 0, 0, 1, 0, 0), "API key -1, version 1"},
		"an API among brokers":   {request(kmsg.NewPtrVoteRequest(), 0, 1), "API key 52, version 0"},
		"an unknown version":     {request(kmsg.NewPtrMetadataRequest(), 99, 1), "Metadata version 99: the proxy lets through up to 13"},
		"a negative version":     {prefixed(10, 0, 3, 0xff, 0xff, 0, 0, 0, 1, 0, 0), "Metadata version -1"},
		"controllers' addresses": {request(kmsg.NewPtrDescribeQuorumRequest(), 2, 1), "DescribeQuorum version 2: the proxy lets through up to 1"},
		"produce without acks":   {prefixed(11, 0, 0, 0, 9, 0, 0, 0, 1, 0xff, 0xff, 0), "ends too early"},
	} {
		t.Run(name, func(t *testing.T) {
			address, log := before(t, scripted(t, same()), nil)
			good, worse := dial(t, address), dial(t, address)
			exchange(t, good, heartbeat(1))
			_, err := worse.Write(bad.sent)
			require.NoError(t, err)
			closes(t, worse)
			log.has(t, bad.why)
			exchange(t, good, heartbeat(2))
		})
	}
}

func TestHalfAFrameEndsQuietly(t *testing.T) {
	got := make(chan []byte, 1)
	address, _ := before(t, scripted(t, func(c net.Conn) {
		b, _ := io.ReadAll(c)
		got <- b
	}), nil)
	c := dial(t, address)
	half := heartbeat(1)[:20]
	_, err := c.Write(half)
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	closes(t, c)
	assert.Less(t, len(<-got), len(half)+1, "nothing is made up")
}

// TestALengthAloneTakesNoMemory sends many frames that claim 100 MiB each.
func TestALengthAloneTakesNoMemory(t *testing.T) {
	address, _ := before(t, scripted(t, same()), &script{needs: relay.NeedRequest})
	var was, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&was)
	huge := heartbeat(1)
	binary.BigEndian.PutUint32(huge, 100<<20)
	for range 50 {
		c := dial(t, address)
		_, err := c.Write(huge)
		require.NoError(t, err)
	}
	exchange(t, dial(t, address), heartbeat(2))
	runtime.ReadMemStats(&now)
	assert.Less(t, now.HeapAlloc, was.HeapAlloc+50<<20)
}

func TestASlowHeaderClosesItsConnection(t *testing.T) {
	for name, sent := range map[string][]byte{"nothing at all": nil, "half a length": {0, 0}, "half a header": heartbeat(1)[:9]} {
		t.Run(name, func(t *testing.T) {
			l := new(logged)
			p := start(t, relay.Config{Brokers: []string{scripted(t, same())}, HeaderTimeout: 50 * time.Millisecond, Log: l.log()})
			c := dial(t, p.Addr())
			_, err := c.Write(sent)
			require.NoError(t, err)
			closes(t, c)
			l.has(t, "a header was not there within 50ms")
		})
	}
}

func TestAConnectionMayBeIdleBetweenRequests(t *testing.T) {
	p := start(t, relay.Config{Brokers: []string{scripted(t, same())}, HeaderTimeout: 50 * time.Millisecond})
	c := dial(t, p.Addr())
	exchange(t, c, heartbeat(1))
	time.Sleep(100 * time.Millisecond) // longer than a header may take: what is tested is that this time does not count
	exchange(t, c, heartbeat(2))
}

func TestTooManyConnections(t *testing.T) {
	l := new(logged)
	p := start(t, relay.Config{Brokers: []string{scripted(t, same())}, MaxConnections: 1, Log: l.log()})
	one := dial(t, p.Addr())
	exchange(t, one, heartbeat(1))
	closes(t, dial(t, p.Addr()))
	l.has(t, "there are 1 already")
	exchange(t, one, heartbeat(2))
	shut(one)
	assert.Eventually(t, func() bool {
		c := dial(t, p.Addr())
		_, _ = c.Write(heartbeat(3))
		_, err := readFrame(c)
		return err == nil
	}, 10*time.Second, 10*time.Millisecond, "its room is free again")
}

func TestABrokerThatLies(t *testing.T) {
	fetch := request(kmsg.NewPtrFetchRequest(), 16, 1)
	for name, lie := range map[string]struct {
		asked, answer []byte
		why           string
	}{
		"another request":   {heartbeat(1), framed(2, []byte("x")), "the broker answers request 2, and Heartbeat, request 1, is next"},
		"no correlation id": {heartbeat(1), []byte{0, 0, 0, 2, 1, 1}, "the broker answers Heartbeat with 2 bytes"},
		"two GiB":           {heartbeat(1), []byte{0x7f, 0xff, 0xff, 0xff}, "a frame of 2147483647 bytes"},
		"unasked":           {nil, framed(1, []byte("x")), "bytes that nobody asked for"},
		"broken metadata":   {request(kmsg.NewPtrMetadataRequest(), 12, 1), framed(1, []byte{0, 0, 0, 0, 0, 200, 1, 2}), "reading the addresses of a response to API key 3"},
		"broken versions":   {request(kmsg.NewPtrApiVersionsRequest(), 3, 1), framed(1, []byte{0, 0, 99, 1}), "reading the versions of a broker"},
		"broken fetch":      {fetch, framed(1, make([]byte, 3)), "more bytes are needed"},
		"large, too short":  {fetch, framed(1, largeLie()), "bytes where it says"},
	} {
		t.Run(name, func(t *testing.T) {
			broker := scripted(t, func(c net.Conn) {
				if lie.asked != nil {
					if _, err := readFrame(c); err != nil {
						return
					}
				}
				_, _ = c.Write(lie.answer)
				_, _ = io.Copy(io.Discard, c)
			})
			address, log := before(t, broker, nil)
			c := dial(t, address)
			_, err := c.Write(lie.asked)
			require.NoError(t, err)
			closes(t, c)
			log.has(t, lie.why)
		})
	}
}

// largeLie is a fetch response whose records are longer than its frame.
func largeLie() []byte {
	r := kmsg.NewPtrFetchResponse()
	r.Version = 16
	topic, part := kmsg.NewFetchResponseTopic(), kmsg.NewFetchResponseTopicPartition()
	part.RecordBatches = make([]byte, 200<<10)
	topic.Partitions = append(topic.Partitions, part)
	r.Topics = append(r.Topics, topic)
	return append([]byte{0}, r.AppendTo(nil)...)[:100<<10]
}
