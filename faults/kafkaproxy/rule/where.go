package rule

import (
	"path"
	"slices"
)

// Where selects what a fault meets. An empty list selects everything; the
// zero value selects all. Names of topics, clients and groups may be patterns
// as of path.Match, such as trades.*.
type Where struct {
	Topics     []string
	Partitions []int32
	Clients    []string
	Groups     []string
	APIs       []int16
	Brokers    []int32
	Direction  Direction
}

// Frame is what the header of an exchange tells.
type Frame struct {
	API    int16
	Client string // client id
	Broker int32  // node id of the broker that the connection goes to
	Way    Direction
	// Group is the consumer group that the client was last seen to be of, ""
	// where it was seen in none.
	Group string
}

// Frame says whether an exchange is selected as far as its header tells:
// topics and partitions are not looked at.
func (w Where) Frame(f Frame) bool {
	return w.Direction.Takes(f.Way) &&
		(len(w.APIs) == 0 || slices.Contains(w.APIs, f.API)) &&
		(len(w.Brokers) == 0 || slices.Contains(w.Brokers, f.Broker)) &&
		matches(w.Clients, f.Client) && matches(w.Groups, f.Group)
}

// Link says whether a connection is selected of which nothing was read yet,
// or can be read: by its broker alone. A fault that names a client, a group,
// an API, a topic or a partition selects none.
func (w Where) Link(broker int32, way Direction) bool {
	return w.Bare() && w.Direction.Takes(way) && (len(w.Brokers) == 0 || slices.Contains(w.Brokers, broker))
}

// Bare says that the selection needs nothing that only Kafka's protocol tells.
func (w Where) Bare() bool {
	return len(w.Clients) == 0 && len(w.Groups) == 0 && len(w.APIs) == 0 && !w.Deep()
}

// Deep says that the selection needs the body of an exchange: its topics and
// partitions.
func (w Where) Deep() bool { return len(w.Topics) > 0 || len(w.Partitions) > 0 }

// Partition says whether a partition of a topic is selected.
func (w Where) Partition(topic string, partition int32) bool {
	return w.Topic(topic) && (len(w.Partitions) == 0 || slices.Contains(w.Partitions, partition))
}

// Topic says whether a topic is selected.
func (w Where) Topic(name string) bool { return matches(w.Topics, name) }

func matches(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return err == nil && ok
	})
}
