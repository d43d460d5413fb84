package relay_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// TestWhatCarriesNoAddressPassesByteForByte sends a request of each API and
// version, all at once and in pieces of any size, and compares what came out
// on each side with what went in on the other.
func TestWhatCarriesNoAddressPassesByteForByte(t *testing.T) {
	for name, faults := range map[string]relay.Faults{
		"untouched": nil, "read": &script{needs: relay.NeedRequest}, "shaped": &script{needs: relay.NeedShape},
	} {
		t.Run(name, func(t *testing.T) {
			noise := rand.NewChaCha8([32]byte{1})
			r := rand.New(noise) //nolint:gosec // a test that can be repeated, no secret
			var sent, answered []byte
			var answers [][]byte
			for i, raw := range plainRequests() {
				sent = append(sent, raw...)
				body := make([]byte, []int{0, 10, 500, 70 << 10, 300 << 10}[i%5])
				_, _ = noise.Read(body)
				answers = append(answers, framed(int32(i), body))
				answered = append(answered, answers[i]...)
			}
			got := make(chan [sha256.Size]byte, 1)
			broker := scripted(t, func(c net.Conn) {
				h := sha256.New()
				for _, a := range answers {
					f, err := readFrame(c)
					if err != nil {
						return
					}
					h.Write(f)
					if _, err := c.Write(a); err != nil {
						return
					}
				}
				got <- [sha256.Size]byte(h.Sum(nil))
			})
			address, _ := before(t, broker, faults)
			c := dial(t, address)
			go func() {
				for rest := sent; len(rest) > 0; {
					n := min(len(rest), 1+r.IntN(40<<10))
					if _, err := c.Write(rest[:n]); err != nil {
						return
					}
					rest = rest[n:]
				}
			}()
			back := make([]byte, len(answered))
			_, err := io.ReadFull(c, back)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(answered, back))
			assert.Equal(t, sha256.Sum256(sent), <-got)
		})
	}
}

// plainRequests are requests whose responses carry no addresses, some of them large.
func plainRequests() (all [][]byte) {
	apis := frame.NewAPIs()
	for key := range int16(kmsg.MaxKey + 1) {
		newest, ok := apis.Max(key)
		for version := int16(0); ok && version <= newest; version++ {
			m := kmsg.RequestForKey(key)
			if key == frame.APIVersions || key == frame.SASLHandshake || frame.Carries(key, version) {
				continue
			}
			if p, ok := m.(*kmsg.ProduceRequest); ok {
				p.Acks = -1
				topic, part := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
				part.Records = make([]byte, int(version)*100<<10)
				topic.Partitions = append(topic.Partitions, part)
				p.Topics = append(p.Topics, topic)
			}
			all = append(all, request(m, version, int32(len(all))))
		}
	}
	return all
}

func TestAProduceWithoutAcksExpectsNoResponse(t *testing.T) {
	broker := scripted(t, func(c net.Conn) {
		for {
			f, err := readFrame(c)
			if err != nil {
				return
			}
			h, _, _ := frame.ReadHeader(f[4:], "")
			if h.Key != frame.Produce {
				_, _ = c.Write(framed(h.Correlation, nil))
			}
		}
	})
	for _, faults := range []relay.Faults{nil, &script{needs: relay.NeedRequest}} {
		address, _ := before(t, broker, faults)
		c := dial(t, address)
		m := kmsg.NewPtrProduceRequest()
		m.Acks = 0
		_, err := c.Write(request(m, 11, 1))
		require.NoError(t, err)
		exchange(t, c, heartbeat(2))
	}
}

// fetched is a response with records of size bytes in each of its partitions,
// and the address of a leader that moved.
func fetched(version int16, size int) *kmsg.FetchResponse {
	r := kmsg.NewPtrFetchResponse()
	r.Version = version
	for i := range 5 {
		topic := kmsg.NewFetchResponseTopic()
		topic.TopicID = [16]byte{byte(i)}
		for p := range int32(3) {
			part := kmsg.NewFetchResponseTopicPartition()
			part.Partition = p
			part.RecordBatches = bytes.Repeat([]byte{byte(p), 0}, size/2)
			part.CurrentLeader.LeaderID = 3
			topic.Partitions = append(topic.Partitions, part)
		}
		r.Topics = append(r.Topics, topic)
	}
	b := kmsg.NewFetchResponseBroker()
	b.NodeID, b.Host, b.Port = 3, "kafka3", 9092
	r.Brokers = append(r.Brokers, b)
	return r
}

// TestALeaderThatMovedIsNotToldPastTheProxy fetches small responses, whose
// addresses are rewritten, and large ones, whose addresses are hidden.
func TestALeaderThatMovedIsNotToldPastTheProxy(t *testing.T) {
	for _, size := range []int{0, 100, 3000, 5000, 20 << 10, 200 << 10} {
		for name, faults := range map[string]relay.Faults{"untouched": nil, "shaped": &script{needs: relay.NeedShape}, "read": &script{needs: all}} {
			broker := scripted(t, answering(func(h frame.Header, _ []byte) []byte {
				return append([]byte{0}, fetched(h.Version, size).AppendTo(nil)...)
			}))
			address, _ := before(t, broker, faults)
			f := exchange(t, dial(t, address), request(kmsg.NewPtrFetchRequest(), 16, 1))
			got, want := kmsg.NewPtrFetchResponse(), fetched(16, size)
			got.Version = 16
			require.NoError(t, got.ReadFrom(f[9:]))
			if len(got.Brokers) > 0 {
				assert.Equal(t, "127.0.0.1", got.Brokers[0].Host)
				want.Brokers = got.Brokers
			} else {
				assert.Greater(t, len(f), 64<<10, "%d bytes, %s", size, name)
				want.Brokers, want.UnknownTags = nil, got.UnknownTags
			}
			assert.True(t, bytes.Equal(want.AppendTo(nil), got.AppendTo(nil)), "%d bytes, %s", size, name)
			assert.Equal(t, len(f)-4, int(binary.BigEndian.Uint32(f)))
		}
	}
}

func TestAVersionThatIsTooNewIsAnsweredHere(t *testing.T) {
	broker := scripted(t, same())
	address, _ := before(t, broker, nil)
	c := dial(t, address)
	raw := request(kmsg.NewPtrApiVersionsRequest(), 5, 9)
	raw[7] = 77 // a version of times to come
	f := exchange(t, c, raw)
	r := kmsg.NewPtrApiVersionsResponse()
	require.NoError(t, r.ReadFrom(f[8:]))
	assert.Equal(t, int16(frame.UnsupportedVersion), r.ErrorCode)
	exchange(t, c, heartbeat(10))
}

// TestALargeFetchPassesInPiecesOfAnySize holds the walk of a frame that is
// passed on while it comes to that of one that is there.
func TestALargeFetchPassesInPiecesOfAnySize(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3)) //nolint:gosec // a test that can be repeated, no secret
	for _, most := range []int{7, 300, 5 << 10, 200 << 10} {
		m := fetched(17, 0)
		for i := range m.Topics {
			for p := range m.Topics[i].Partitions {
				m.Topics[i].Partitions[p].RecordBatches = make([]byte, 4<<10+r.IntN(20<<10))
			}
		}
		body := m.AppendTo(nil)
		want, err := frame.Rewrite(body, frame.Fetch, 17, true, frame.See{HideEndpoints: true})
		require.NoError(t, err)
		require.Greater(t, len(want), 64<<10)
		broker := scripted(t, func(c net.Conn) {
			if _, err := readFrame(c); err != nil {
				return
			}
			for rest := framed(1, append([]byte{0}, body...)); len(rest) > 0; {
				n := min(len(rest), 1+r.IntN(most))
				if _, err := c.Write(rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
		})
		address, _ := before(t, broker, nil)
		f := exchange(t, dial(t, address), request(kmsg.NewPtrFetchRequest(), 17, 1))
		assert.True(t, bytes.Equal(want, f[9:]), "pieces of up to %d bytes", most)
	}
}
