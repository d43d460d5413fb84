package force

import (
	"net"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// known bounds how many clients are remembered: who sends ever new ids makes
// the proxy forget, not grow.
const known = 10_000

// clients is what passing requests told of clients. A client is known by its
// id and the host that it connects from: it fetches over other connections
// than those over which it is member of a group.
type clients struct {
	mu        sync.Mutex
	groups    map[client]string
	producers map[string]bool
}

type client struct{ id, host string }

func clientOf(l relay.Link, id string) client {
	host, _, err := net.SplitHostPort(l.Client)
	if err != nil {
		host = l.Client
	}
	return client{id, host}
}

// group is the one that the client was last seen to be of, or "".
func (c *clients) group(of client) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.groups[of]
}

func (c *clients) joined(of client, group string) {
	if group == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.groups == nil || len(c.groups) >= known {
		c.groups = map[client]string{}
	}
	c.groups[of] = group
}

func (c *clients) produces(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.producers == nil || len(c.producers) >= known {
		c.producers = map[string]bool{}
	}
	c.producers[id] = true
}

func (c *clients) idempotent(where rule.Where) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for id := range c.producers {
		if where.Frame(rule.Frame{Client: id}) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// learns says what of an exchange has to be read whatever is in force.
func learns(api int16) relay.Need {
	switch kmsg.Key(api) { //nolint:exhaustive // nothing is learnt from others
	case kmsg.JoinGroup, kmsg.ConsumerGroupHeartbeat, kmsg.OffsetCommit:
		return relay.NeedRequest
	case kmsg.Metadata, kmsg.DescribeCluster:
		return relay.NeedResponse
	}
	return 0
}

// learn takes from a request of which group its client is.
func (e *Engine) learn(x *relay.Exchange) {
	c := clientOf(x.Link, x.Header.ClientID)
	switch r := x.Request.(type) {
	case *kmsg.JoinGroupRequest:
		e.seen.joined(c, r.Group)
	case *kmsg.ConsumerGroupHeartbeatRequest:
		e.seen.joined(c, r.Group)
	case *kmsg.OffsetCommitRequest:
		e.seen.joined(c, r.Group)
	}
}
