//go:build e2e

package proxy_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
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
		c.find(t, outer, inside.conns)
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

// comparison is one of all frames of a session.
type comparison struct {
	back      map[string]string // address of the proxy → what the broker said
	seen      map[int16]int     // frames by key
	rewritten int
}

// find finds the connection to a broker that carried what one of a client did.
// Several may have asked the same, and were told otherwise: which of the
// brokers is called the controller is left to chance.
func (c *comparison) find(t *testing.T, outer *recorded, conns []*recorded) {
	t.Helper()
	requests, responses := frames(outer.requests.String()), frames(outer.responses.String())
	problem := errors.New("no connection to a broker carried the same requests")
	for _, inner := range conns {
		// The last requests may have been cut off with the connection, unanswered.
		theirs := frames(inner.requests.String())
		same := !inner.used && len(theirs) >= len(responses) && len(theirs) <= len(requests) && slices.EqualFunc(theirs, requests[:len(theirs)], bytes.Equal)
		if !same {
			continue
		}
		if problem = c.responses(requests, responses, frames(inner.responses.String())); problem == nil {
			inner.used = true
			for i := range responses {
				c.seen[int16(binary.BigEndian.Uint16(requests[i]))]++
			}
			return
		}
	}
	assert.NoError(t, problem, "a connection of %d requests", len(requests))
}

// responses compares those to the same requests.
func (c *comparison) responses(requests, outer, inner [][]byte) error {
	if len(inner) < len(outer) {
		return fmt.Errorf("the client got %d responses, the broker gave %d", len(outer), len(inner))
	}
	for i, r := range outer {
		key, version := int16(binary.BigEndian.Uint16(requests[i])), int16(binary.BigEndian.Uint16(requests[i][2:]))
		if err := c.response(key, version, r, inner[i]); err != nil {
			return fmt.Errorf("%s v%d: %w", kmsg.NameForKey(key), version, err)
		}
	}
	return nil
}

// response says that one is the broker's, byte for byte, once its addresses
// are written back.
func (c *comparison) response(key, version int16, outer, inner []byte) error {
	head, ours, err := body(key, version, outer)
	if err != nil {
		return err
	}
	switch r := ours.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Brokers {
			err = errors.Join(err, c.write(&r.Brokers[i].Host, &r.Brokers[i].Port))
		}
	case *kmsg.FindCoordinatorResponse:
		err = c.write(&r.Host, &r.Port)
		for i := range r.Coordinators {
			err = errors.Join(err, c.write(&r.Coordinators[i].Host, &r.Coordinators[i].Port))
		}
	case *kmsg.DescribeClusterResponse:
		for i := range r.Brokers {
			err = errors.Join(err, c.write(&r.Brokers[i].Host, &r.Brokers[i].Port))
		}
	case *kmsg.ApiVersionsResponse:
		_, theirs, problem := body(key, version, inner)
		if err = problem; err == nil {
			err = narrower(r, theirs.(*kmsg.ApiVersionsResponse))
		}
	default:
		if !bytes.Equal(outer, inner) {
			return errors.New("bytes were changed that carry no address")
		}
		return nil
	}
	if err != nil {
		return err
	}
	c.rewritten++
	if again := ours.AppendTo(head); !bytes.Equal(again, inner) {
		return fmt.Errorf("with addresses written back it is\n%q, the broker gave\n%q", again, inner)
	}
	return nil
}

// body reads a response, and gives its header as it is.
func body(key, version int16, frame []byte) (head []byte, _ kmsg.Response, _ error) {
	n, r := 4, kmsg.ResponseForKey(key)
	if key == kmsg.ApiVersions.Int16() && int16(binary.BigEndian.Uint16(frame[n:])) == kerr.UnsupportedVersion.Code {
		version = 0 // that answer has this form whatever was asked
	}
	r.SetVersion(version)
	if r.IsFlexible() && key != kmsg.ApiVersions.Int16() {
		n++ // the header has no tags: it would not be read otherwise
	}
	return slices.Clone(frame[:n]), r, r.ReadFrom(frame[n:])
}

// write writes an address back, which must be the proxy's. Where there is
// none, as when a coordinator is not known, none is written.
func (c *comparison) write(host *string, port *int32) error {
	if *host == "" {
		return nil
	}
	at := net.JoinHostPort(*host, strconv.Itoa(int(*port)))
	theirs, err := net.ResolveTCPAddr("tcp", c.back[at])
	if err != nil {
		return fmt.Errorf("address %s is not the proxy's", at)
	}
	*host, *port = theirs.IP.String(), int32(theirs.Port)
	return nil
}

// narrower says that the proxy hid only what kmsg does not know, and then
// makes what it said the broker's.
func narrower(ours, theirs *kmsg.ApiVersionsResponse) error {
	type versions struct{ least, most int16 }
	said, want := map[int16]versions{}, map[int16]versions{}
	for _, k := range ours.ApiKeys {
		said[k.ApiKey] = versions{k.MinVersion, k.MaxVersion}
	}
	for _, k := range theirs.ApiKeys {
		known := kmsg.RequestForKey(k.ApiKey)
		if known == nil {
			continue
		}
		want[k.ApiKey] = versions{k.MinVersion, min(k.MaxVersion, known.MaxVersion())}
		if k.ApiKey == kmsg.DescribeQuorum.Int16() {
			// Newer ones tell where the controllers are, which the proxy does not stand before.
			want[k.ApiKey] = versions{k.MinVersion, 1}
		}
	}
	ours.ApiKeys = theirs.ApiKeys
	if !maps.Equal(said, want) {
		return fmt.Errorf("versions are %v, not %v", said, want)
	}
	return nil
}
