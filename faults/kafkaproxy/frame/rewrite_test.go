package frame_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// carriers calls each for every version of every API whose response carries
// addresses, as kmsg knows them.
func carriers(each func(key, version int16, flexible bool)) {
	apis := frame.NewAPIs()
	for key := range int16(kmsg.MaxKey + 1) {
		newest, ok := apis.Max(key)
		for version := range newest + 1 {
			if ok && frame.Carries(key, version) {
				each(key, version, apis.Flexible(key, version))
			}
		}
	}
}

func TestAddressesAreRewrittenAndNothingElse(t *testing.T) {
	carriers(func(key, version int16, flexible bool) {
		t.Run(fmt.Sprintf("%s-%d", kmsg.NameForKey(key), version), func(t *testing.T) {
			changed := 0
			for seed := range uint64(200) {
				m := filled(key, version, draw(seed))
				was := m.AppendTo(nil)
				got, err := frame.Rewrite(was, key, version, flexible, frame.See{Address: told})
				require.NoError(t, err)
				again := kmsg.ResponseForKey(key)
				again.SetVersion(version)
				require.NoError(t, again.ReadFrom(was))
				changed += readdress(reflect.ValueOf(again))
				require.Equal(t, again.AppendTo(nil), got, "seed %d", seed)
			}
			assert.NotZero(t, changed, "no message had an address")
		})
	})
}

func TestAResponseWithoutAnythingToChangeIsTheSameMemory(t *testing.T) {
	carriers(func(key, version int16, flexible bool) {
		was := filled(key, version, draw(7)).AppendTo(nil)
		got, err := frame.Rewrite(was, key, version, flexible, frame.See{})
		require.NoError(t, err)
		assert.Same(t, &was[0], &got[0])
	})
}

// TestNoAddressIsOverlooked looks at all that kmsg knows: an API whose
// response has a host and a port is rewritten or not let through.
func TestNoAddressIsOverlooked(t *testing.T) {
	apis := frame.NewAPIs()
	for key := range int16(kmsg.MaxKey + 1) {
		newest, ok := apis.Max(key)
		if !ok {
			continue
		}
		switch {
		case !addressed(reflect.TypeOf(kmsg.ResponseForKey(key))), frame.Carries(key, newest):
		case key == int16(kmsg.DescribeQuorum):
			assert.Equal(t, int16(1), newest, "from version 2 on it tells addresses")
		case key == int16(kmsg.StreamsGroupDescribe), key == int16(kmsg.StreamsGroupHeartbeat): // those of members, which are no brokers
		default:
			t.Errorf("%s carries addresses that nobody rewrites", kmsg.NameForKey(key))
		}
	}
}

func addressed(t reflect.Type) bool {
	switch t.Kind() { //nolint:exhaustive // those that hold others
	case reflect.Pointer, reflect.Slice:
		return addressed(t.Elem())
	case reflect.Struct:
		_, host := t.FieldByName("Host")
		_, port := t.FieldByName("Port")
		if host && port {
			return true
		}
		for f := range t.Fields() {
			if addressed(f.Type) {
				return true
			}
		}
	}
	return false
}

func TestHiddenEndpointsAreAnUnknownTag(t *testing.T) {
	for _, key := range []int16{frame.Produce, frame.Fetch} {
		apis := frame.NewAPIs()
		version, _ := apis.Max(key)
		hidden := 0
		for seed := range uint64(200) {
			was := filled(key, version, draw(seed)).AppendTo(nil)
			got, err := frame.Rewrite(was, key, version, true, frame.See{HideEndpoints: true})
			require.NoError(t, err)
			require.Len(t, got, len(was))
			r := kmsg.ResponseForKey(key)
			r.SetVersion(version)
			require.NoError(t, r.ReadFrom(got))
			require.Zero(t, reflect.ValueOf(r).Elem().FieldByName("Brokers").Len())
			for i := range was {
				if was[i] != got[i] {
					hidden++
				}
			}
		}
		assert.Positive(t, hidden)
	}
}

func TestTopicsAreSeenWithTheirIDs(t *testing.T) {
	m := kmsg.NewPtrMetadataResponse()
	m.Version = 12
	topic := kmsg.NewMetadataResponseTopic()
	topic.Topic, topic.TopicID = new("trades"), [16]byte{1, 2}
	m.Topics = append(m.Topics, topic)
	seen := map[[16]byte]string{}
	_, err := frame.Rewrite(m.AppendTo(nil), frame.Metadata, 12, true, frame.See{Topic: func(name string, id [16]byte) { seen[id] = name }})
	require.NoError(t, err)
	assert.Equal(t, map[[16]byte]string{{1, 2}: "trades"}, seen)
}

// FuzzRewrite holds the walk to kmsg: what both can read has the same
// addresses afterwards, and no input does more than an error.
func FuzzRewrite(f *testing.F) {
	carriers(func(key, version int16, _ bool) {
		f.Add(key, version, filled(key, version, draw(9)).AppendTo(nil))
	})
	apis := frame.NewAPIs()
	f.Fuzz(func(t *testing.T, key, version int16, body []byte) {
		if apis.Check(frame.Header{Key: key, Version: version}) != nil || !frame.Carries(key, version) || len(body) > 1<<12 {
			return
		}
		got, err := frame.Rewrite(body, key, version, apis.Flexible(key, version), frame.See{Address: told})
		if err != nil {
			return
		}
		was, now := kmsg.ResponseForKey(key), kmsg.ResponseForKey(key)
		was.SetVersion(version)
		now.SetVersion(version)
		if was.ReadFrom(body) != nil {
			return
		}
		require.NoError(t, now.ReadFrom(got))
		readdress(reflect.ValueOf(was))
		require.Equal(t, was.AppendTo(nil), now.AppendTo(nil))
	})
}
