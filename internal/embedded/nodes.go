package embedded

import "github.com/twmb/franz-go/pkg/kfake"

// User may come in to an embedded broker. Mechanism is PLAIN, SCRAM-SHA-256
// or SCRAM-SHA-512.
type User struct{ Mechanism, Name, Password string }

// users are the options that let only Users in; none where there are none.
func (c KafkaConfig) users() []kfake.Opt {
	if len(c.Users) == 0 {
		return nil
	}
	opts := []kfake.Opt{kfake.EnableSASL()}
	for _, u := range c.Users {
		opts = append(opts, kfake.Superuser(u.Mechanism, u.Name, u.Password))
	}
	return opts
}

// portsFrom gives each node a port of its own.
func (c KafkaConfig) portsFrom(first int) []int {
	ports := make([]int, max(c.Nodes, 1))
	for i := range ports {
		ports[i] = first + i
	}
	return ports
}

// Addrs are the addresses of all nodes.
func (k *Kafka) Addrs() []string { return k.addrs }

// Cluster is the broker itself, for tests that break it.
func (k *Kafka) Cluster() *kfake.Cluster { return k.cluster }
