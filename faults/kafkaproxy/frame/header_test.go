package frame_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

func TestEveryRequestOfKmsgIsReadUpToItsBody(t *testing.T) {
	apis := frame.NewAPIs()
	for key := range int16(kmsg.MaxKey + 1) {
		newest, ok := apis.Max(key)
		for version := int16(0); ok && version <= newest; version++ {
			m := kmsg.RequestForKey(key)
			m.SetVersion(version)
			raw := kmsg.NewRequestFormatter(kmsg.FormatterClientID("desk")).AppendRequest(nil, m, 7)
			want := frame.Header{Key: key, Version: version, Correlation: 7, ClientID: "desk"}

			var h frame.Header
			var size int
			for have := 4; have <= len(raw); have++ { // it comes byte by byte
				var err error
				if h, size, err = frame.ReadHeader(raw[4:have], ""); err == nil {
					break
				}
				require.ErrorIs(t, err, frame.ErrShort)
			}
			require.Equal(t, want, h)
			body, err := apis.RequestHeader(h, raw[4:], size)
			require.NoError(t, err)
			require.Equal(t, m.AppendTo([]byte{}), raw[4+body:], "%s version %d", kmsg.NameForKey(key), version)
			require.Equal(t, raw, frame.Append(nil, raw[4:4+body], m))
		}
	}
}

func TestAHeaderHasNullOrNoClientID(t *testing.T) {
	raw := kmsg.NewRequestFormatter().AppendRequest(nil, kmsg.NewPtrMetadataRequest(), 1)
	h, _, err := frame.ReadHeader(raw[4:], "")
	require.NoError(t, err)
	assert.Empty(t, h.ClientID)

	raw = kmsg.NewRequestFormatter(kmsg.FormatterClientID("x")).AppendRequest(nil, kmsg.NewPtrControlledShutdownRequest(), 1)
	h, size, err := frame.ReadHeader(raw[4:], "")
	require.NoError(t, err)
	assert.Equal(t, 8, size)
	require.Error(t, frame.NewAPIs().Check(h), "brokers alone speak it")

	_, _, err = frame.ReadHeader([]byte{0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0}, "")
	require.Error(t, err)
	assert.NotErrorIs(t, err, frame.ErrShort)
}

func TestTheClientIDThatIsExpectedCostsNothing(t *testing.T) {
	raw := kmsg.NewRequestFormatter(kmsg.FormatterClientID("desk")).AppendRequest(nil, kmsg.NewPtrMetadataRequest(), 1)
	known := "desk"
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _, _ = frame.ReadHeader(raw[4:], known) }))
}

func TestAcksOfEveryProduceVersion(t *testing.T) {
	apis := frame.NewAPIs()
	newest, _ := apis.Max(frame.Produce)
	for version := range newest + 1 {
		for _, id := range []*string{nil, new("books")} {
			m := kmsg.NewPtrProduceRequest()
			m.Version, m.TransactionID, m.Acks = version, id, -1
			got, err := frame.Acks(version, apis.Flexible(frame.Produce, version), m.AppendTo(nil))
			require.NoError(t, err)
			assert.Equal(t, int16(-1), got)
			m.Acks = 0
			got, err = frame.Acks(version, apis.Flexible(frame.Produce, version), m.AppendTo(nil))
			require.NoError(t, err)
			assert.Zero(t, got)
		}
	}
}

// FuzzFrame holds reading to: no input does more than an error, and what is
// read of a whole header is there in its bytes.
func FuzzFrame(f *testing.F) {
	for key := range int16(kmsg.MaxKey + 1) {
		if m := kmsg.RequestForKey(key); m != nil {
			m.SetVersion(m.MaxVersion())
			f.Add(kmsg.NewRequestFormatter(kmsg.FormatterClientID("desk")).AppendRequest(nil, m, 7)[4:])
			f.Add(filled(key, m.MaxVersion(), draw(4)).AppendTo(nil))
		}
	}
	apis := frame.NewAPIs()
	f.Fuzz(func(t *testing.T, b []byte) {
		for version := range int16(5) {
			if got, err := apis.Versions(b, version); err == nil {
				assert.LessOrEqual(t, len(got), len(b)+4)
			}
		}
		h, size, err := frame.ReadHeader(b, "desk")
		if err != nil {
			return
		}
		require.LessOrEqual(t, size, len(b))
		start := binary.BigEndian.AppendUint16(nil, uint16(h.Key))
		start = binary.BigEndian.AppendUint16(start, uint16(h.Version))
		start = binary.BigEndian.AppendUint32(start, uint32(h.Correlation))
		require.True(t, bytes.HasPrefix(b, start))
		if apis.Check(h) != nil {
			return
		}
		if n, err := apis.RequestHeader(h, b, size); err == nil {
			require.LessOrEqual(t, n, len(b))
			_, _ = frame.Acks(h.Version, apis.Flexible(h.Key, h.Version), b[n:])
		}
		_, _ = apis.ResponseHeader(h, b)
	})
}
