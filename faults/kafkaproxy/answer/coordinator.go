package answer

import (
	"maps"
	"slices"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Brokers are those that responses told of. The zero value knows none. It is
// safe for concurrent use.
type Brokers struct {
	mu   sync.Mutex
	seen map[int32]broker
}

type broker struct {
	host string
	port int32
}

// Learn takes the brokers of a response that lists all of a cluster: Metadata
// or DescribeCluster. Those before are forgotten.
func (b *Brokers) Learn(resp kmsg.Response) {
	now := map[int32]broker{}
	switch r := resp.(type) {
	case *kmsg.MetadataResponse:
		for _, at := range r.Brokers {
			now[at.NodeID] = broker{at.Host, at.Port}
		}
	case *kmsg.DescribeClusterResponse:
		if r.EndpointType == 2 {
			return // controllers
		}
		for _, at := range r.Brokers {
			now[at.NodeID] = broker{at.Host, at.Port}
		}
	}
	if len(now) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = now
}

// IDs are the node ids, in order.
func (b *Brokers) IDs() []int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.seen))
}

// Move lets a response tell another broker of those seen to be the
// coordinator of what pick selects, and says of how many. That broker refuses
// what it is then asked, by itself.
func (b *Brokers) Move(r *kmsg.FindCoordinatorResponse, pick Pick) int {
	n := 0
	move := func(p Place, code int16, id *int32, host *string, port *int32) {
		if code != 0 || !pick(p) {
			return
		}
		other, ok := another(b.IDs(), *id)
		if !ok {
			return
		}
		b.mu.Lock()
		to, ok := b.seen[other]
		b.mu.Unlock()
		if ok {
			*id, *host, *port = other, to.host, to.port
			n++
		}
	}
	if r.Version < 4 {
		move(Whole(), r.ErrorCode, &r.NodeID, &r.Host, &r.Port)
		return n
	}
	for i := range r.Coordinators {
		c := &r.Coordinators[i]
		move(Place{Partition: -1, Group: c.Key}, c.ErrorCode, &c.NodeID, &c.Host, &c.Port)
	}
	return n
}
