package relay_test

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// large is a response to fetch, of more than is waited for at a time, with
// several partitions' worth of bytes in it.
func large(correlation int32, version int16) []byte {
	r := fetched(version, 200<<10)
	r.Brokers = nil // it passes as it is
	r.Topics[0].Partitions = append(r.Topics[0].Partitions, r.Topics[0].Partitions...)
	body := r.AppendTo(nil)
	if version >= 12 {
		body = append([]byte{0}, body...)
	}
	return framed(correlation, body)
}

func TestALargeFrameComesWholeHoweverItIsCut(t *testing.T) {
	for name, version := range map[string]int16{"walked": 16, "not walked": 11} {
		t.Run(name, func(t *testing.T) {
			want := large(1, version)
			// All but the end is in one piece, or in many, and the frame behind it comes with its last byte.
			for _, pieces := range [][]int{{len(want) - 1}, {9, 70 << 10, 700 << 10, 700<<10 + 1, len(want) - 3, len(want) - 2}, {}} {
				address, _ := before(t, scripted(t, func(c net.Conn) {
					for range 2 {
						if _, err := readFrame(c); err != nil {
							return
						}
					}
					from := 0
					for _, to := range append(pieces, len(want)) {
						b := want[from:to]
						if from = to; to == len(want) {
							b = append(bytes.Clone(b), framed(2, make([]byte, 6))...)
						}
						if _, err := c.Write(b); err != nil {
							return
						}
					}
					_, _ = io.Copy(io.Discard, c)
				}), nil)
				c := dial(t, address)
				_, err := c.Write(append(request(kmsg.NewPtrFetchRequest(), version, 1), heartbeat(2)...))
				require.NoError(t, err)
				got, err := readFrame(c)
				require.NoError(t, err)
				assert.True(t, bytes.Equal(want, got), "the frame has changed")
				got, err = readFrame(c)
				require.NoError(t, err)
				assert.Equal(t, framed(2, make([]byte, 6)), got, "the small frame behind it")
			}
		})
	}
}

func TestALargeFrameWithoutAnEndEndsTheConnection(t *testing.T) {
	want := large(1, 16)
	for name, cut := range map[string]int{"early": 100 << 10, "in the middle": 1 << 20, "late": len(want) - 1} {
		t.Run(name, func(t *testing.T) {
			address, _ := before(t, scripted(t, func(c net.Conn) {
				if _, err := readFrame(c); err == nil {
					_, _ = c.Write(want[:cut])
				}
			}), nil)
			c := dial(t, address)
			_, err := c.Write(request(kmsg.NewPtrFetchRequest(), 16, 1))
			require.NoError(t, err)
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(want[:cut], got), "%d bytes of the %d came", len(got), cut)
		})
	}
}

func TestALargeRequestComesWhole(t *testing.T) {
	sent := make(chan []byte, 1)
	address, _ := before(t, scripted(t, answering(func(h frame.Header, request []byte) []byte {
		if h.Key == frame.Produce {
			sent <- request
		}
		return make([]byte, 6)
	})), nil)
	c := dial(t, address)
	p := kmsg.NewPtrProduceRequest()
	p.Acks = 1
	topic, part := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	part.Records = bytes.Repeat([]byte("records"), 3<<20/7)
	topic.Topic, topic.Partitions = "trades", append(topic.Partitions, part)
	p.Topics = append(p.Topics, topic)
	want := request(p, 9, 1)
	for from := 0; from < len(want); from += 600 << 10 {
		_, err := c.Write(want[from:min(from+600<<10, len(want))])
		require.NoError(t, err)
	}
	_, err := readFrame(c)
	require.NoError(t, err)
	assert.True(t, bytes.Equal(want, <-sent), "the request has changed")
}
