package victim

import (
	"slices"

	"github.com/k2-platform/faultline/faults/cpu"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/memory"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/faults/storage"
	"github.com/k2-platform/faultline/internal/cgroup"
	"github.com/k2-platform/faultline/spec"
)

// All lists the cases, in the order of their names.
func All() []Case {
	of := func(kind string, pairs ...string) spec.Fault {
		f := spec.Fault{Kind: kind}
		for pair := range slices.Chunk(pairs, 2) {
			if f.With == nil {
				f.With = map[string]string{}
			}
			f.With[pair[0]] = pair[1]
		}
		return f
	}
	return []Case{
		{Name: "cluster.quota", Fault: of("cluster.quota", "client_id", "sink", "consumer_byte_rate", "1024"), Nobody: true, make: quota},
		{Name: cpu.SaturateKind, Fault: of(cpu.SaturateKind, "share", "20%"), Percent: "share", make: grouped(cgroup.CPU)},
		{Name: cpu.ThrottleKind, Fault: of(cpu.ThrottleKind), make: throttled},
		{Name: "http.status on a link", Fault: of("http.status"), Percent: "rate", make: linked},
		{Name: "kafka.delay", Fault: of("kafka.delay", "delay", "200ms"), Percent: "rate", make: proxied},
		{Name: "kafka.drop", Fault: of("kafka.drop", "rate", "1%"), Percent: "rate", make: proxied},
		{Name: memory.Kind, Fault: of(memory.Kind), Percent: "to", make: grouped(cgroup.Memory)},
		{Name: network.Bandwidth, Fault: of(network.Bandwidth, "bytes_per_second", "1MiB"), make: namespace},
		{Name: network.Delay, Fault: of(network.Delay), make: namespace},
		{Name: network.DNS, Fault: of(network.DNS), make: wholeNamespace},
		{Name: network.Loss, Fault: of(network.Loss), Percent: "share", make: namespace},
		{Name: network.Partition, Fault: of(network.Partition), make: namespace},
		{Name: network.Partition + " on a link", Fault: of(network.Partition), make: linked},
		{Name: network.Reset, Fault: of(network.Reset), make: namespace},
		{Name: kill.Kind, Fault: of(kill.Kind), make: started(true)},
		{Name: pause.Kind, Fault: of(pause.Kind), make: started(false)},
		{Name: stop.Kind, Fault: of(stop.Kind), make: started(true)},
		{Name: "schema.deploy", Fault: of("schema.deploy", "compatible", "true"), Nobody: true, make: subject},
		{Name: "schema.incompatible", Fault: of("schema.incompatible"), Nobody: true, make: subject},
		{Name: "schema.level", Fault: of("schema.level", "level", "FULL"), Nobody: true, make: subject},
		{Name: storage.Kind + " of data", Fault: of(storage.Kind, "what", "data", "how", "remove"), make: missed},
		{Name: storage.Kind + " of metadata", Fault: of(storage.Kind, "what", "metadata"), make: table},
		{Name: storage.Kind + " of the pointer", Fault: of(storage.Kind, "what", "pointer"), make: table},
		{Name: "topic.poison", Fault: of("topic.poison", "rate", "200", "count", "1000000"), Nobody: true, make: poisoned},
		{Name: "topic.settings", Fault: of("topic.settings", "retention.ms", "3600000", "max.message.bytes", "2000"), Nobody: true, make: topic},
	}
}
