//go:build e2e

package proxy_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestBytesPassAsTheyAre records a session on both sides of the proxy: each
// frame is byte for byte what the other side sent, but for the addresses and
// the versions of APIs, which are so once they are written back.
func TestBytesPassAsTheyAre(t *testing.T) {
	outside, inside := &recorder{}, &recorder{}
	via, behind := brokers(t, "E2E_VIA"), brokers(t, "E2E_BEHIND")
	for i := range via {
		inside.stand(t, via[i], behind[i])
	}
	p := startProxy(t, via)
	client := &franz{options: options{bootstrap: []string{p.bootstrap}, prefix: fresh("recorded")}, dial: outside.dial}
	for _, s := range client.steps() {
		_, err := s.run()
		require.NoError(t, err, s.name)
	}
	c := comparison{back: map[string]string{}, seen: map[int16]int{}}
	for i, address := range p.addresses(t) { // as via, in the order of the brokers' ids
		c.back[address] = via[i]
	}
	for _, outer := range outside.conns {
		requests, responses := frames(outer.requests.String()), frames(outer.responses.String())
		inner := counterpart(inside.conns, requests, len(responses))
		require.NotNil(t, inner, "a connection of %d requests has one to a broker with the same bytes", len(requests))
		theirs := frames(inner.responses.String())
		require.GreaterOrEqual(t, len(theirs), len(responses), "responses of the broker")
		for i, r := range responses {
			c.compare(t, requests[i], r, theirs[i])
		}
	}
	t.Logf("%d connections; frames by API key: %v; rewritten: %d", len(outside.conns), c.seen, c.rewritten)
	assert.Positive(t, c.rewritten)
	for _, key := range []kmsg.Key{
		kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.FindCoordinator, kmsg.JoinGroup, kmsg.ConsumerGroupHeartbeat,
		kmsg.InitProducerID, kmsg.EndTxn, kmsg.TxnOffsetCommit, kmsg.CreateTopics, kmsg.DescribeConfigs, kmsg.ApiVersions,
	} {
		assert.Positive(t, c.seen[key.Int16()], "the session has %s", key.Name())
	}
}

// counterpart finds the connection to a broker that carried the requests of
// one. The last of them may have been cut off with it, unanswered.
func counterpart(conns []*recorded, requests [][]byte, answered int) (best *recorded) {
	most := -1
	for _, c := range conns {
		theirs := frames(c.requests.String())
		same := !c.used && len(theirs) >= answered && len(theirs) <= len(requests) && slices.EqualFunc(theirs, requests[:len(theirs)], bytes.Equal)
		if same && len(theirs) > most {
			best, most = c, len(theirs)
		}
	}
	if best != nil {
		best.used = true
	}
	return best
}

// comparison is one of all frames of a session.
type comparison struct {
	back      map[string]string // address of the proxy → what the broker said
	seen      map[int16]int     // frames by key
	rewritten int
}

// compare takes a request, and its response as the client and as the proxy got
// it.
func (c *comparison) compare(t *testing.T, request, outer, inner []byte) {
	t.Helper()
	key, version := int16(binary.BigEndian.Uint16(request)), int16(binary.BigEndian.Uint16(request[2:]))
	c.seen[key]++
	if bytes.Equal(outer, inner) {
		return
	}
	c.rewritten++
	head, ours := body(t, key, version, outer)
	_, theirs := body(t, key, version, inner)
	switch r := ours.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Brokers {
			c.write(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	case *kmsg.FindCoordinatorResponse:
		if r.Host != "" {
			c.write(&r.Host, &r.Port)
		}
		for i := range r.Coordinators {
			c.write(&r.Coordinators[i].Host, &r.Coordinators[i].Port)
		}
	case *kmsg.DescribeClusterResponse:
		for i := range r.Brokers {
			c.write(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	case *kmsg.ApiVersionsResponse:
		narrower(t, r, theirs.(*kmsg.ApiVersionsResponse))
	default:
		require.Fail(t, "bytes were changed", "%s v%d", kmsg.NameForKey(key), version)
	}
	assert.Equal(t, inner, ours.AppendTo(head), "%s v%d, with addresses written back", kmsg.NameForKey(key), version)
}

// body reads a response, and gives its header as it is.
func body(t *testing.T, key, version int16, frame []byte) (head []byte, r kmsg.Response) {
	t.Helper()
	r = kmsg.ResponseForKey(key)
	r.SetVersion(version)
	n := 4
	if r.IsFlexible() && key != kmsg.ApiVersions.Int16() {
		n++ // no tags
		require.Zero(t, frame[4], "tags of a header")
	}
	require.NoError(t, r.ReadFrom(frame[n:]), "%s v%d", kmsg.NameForKey(key), version)
	return slices.Clone(frame[:n]), r
}

// write writes an address back.
func (c *comparison) write(host *string, port *int32) {
	h, p, err := net.SplitHostPort(c.back[net.JoinHostPort(*host, strconv.Itoa(int(*port)))])
	if n, bad := strconv.Atoi(p); err == nil && bad == nil {
		*host, *port = h, int32(n) //nolint:gosec // a port
	}
}

// narrower says that the proxy hid only what kmsg does not know, and then
// makes what it said the broker's.
func narrower(t *testing.T, ours, theirs *kmsg.ApiVersionsResponse) {
	t.Helper()
	said := map[int16]kmsg.ApiVersionsResponseApiKey{}
	for _, k := range ours.ApiKeys {
		said[k.ApiKey] = k
	}
	for _, k := range theirs.ApiKeys {
		known := kmsg.RequestForKey(k.ApiKey)
		if known == nil {
			assert.NotContains(t, said, k.ApiKey, "an API that cannot be read")
			continue
		}
		most := known.MaxVersion()
		if k.ApiKey == kmsg.DescribeQuorum.Int16() {
			most = 1 // newer ones tell where the controllers are, which the proxy is not before
		}
		assert.Equal(t, k.MinVersion, said[k.ApiKey].MinVersion, kmsg.NameForKey(k.ApiKey))
		assert.Equal(t, min(k.MaxVersion, most), said[k.ApiKey].MaxVersion, kmsg.NameForKey(k.ApiKey))
	}
	ours.ApiKeys = theirs.ApiKeys
}
