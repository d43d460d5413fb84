package spec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/spec"
)

const lab = `faultline_platform: v1
name: lab
environment: test
kafka: [127.0.0.1:9092]
targets:
  svc: {process: {record: /run/svc.json}}
  old: {process: {pid_file: /run/old.pid, command: [old]}}
  box: {container: {name: k2-sink}}
  far: {container: {engine: "tcp://10.0.0.1:2375", name: 3f4e}}
  net: {network: {namespace: /run/netns/kafka, ports: [9092, 9093]}}
  orders: {topic: {name: orders.v1}, health: {kafka: "127.0.0.1:9092"}}
  mirror: {topic: {brokers: ["[::1]:9092", "k:9093"], name: orders.v1}}
  schemas: {registry: {url: "https://me:pass@r:8081/apis/ccompat/v7"}}
  subject: {registry: {url: "http://r:8081", subject: orders-value}}
  lake: {table: {namespace: market.data, name: trades_v2}}
  proxy: {kafka_proxy: {control: "unix:///run/proxy/control.sock"}}
  gate: {kafka_proxy: {control: "http://127.0.0.1:9900", token_file: /run/gate/http.token}}
  k2: {cluster: {}}
  far-k2: {cluster: {brokers: ["k:9092"]}}
  all: {members: [svc, orders]}
  seen: {health: {tcp: "127.0.0.1:1"}}
  line: {link: {control: "unix:///run/links/control.sock", name: svc-to-box, from: svc, to: box}}
  files: {table: {namespace: n, name: t, catalog: {kind: sql, uri: /lake/catalog.db, warehouse: /lake/warehouse}}}
  remote: {table: {namespace: n, name: t, catalog: {kind: rest, uri: "http://r:8181", token_file: /run/t, store: {endpoint: "http://s:9000", credentials_file: /run/keys}}}}
  folder: {table: {namespace: n, name: t, catalog: {kind: hadoop, warehouse: "s3://bucket/lake"}}}
  room: {directory: {path: /var/lib/svc, owner: svc}}
  found: {process: {match: "kafka\\.Kafka .*server-1"}}
  unit: {process: {unit: kafka@1.service}}
  pod: {pod: {namespace: lab, selector: "app=sink,tier!=test", container: sink}}
  pod-net: {network: {pod: {namespace: lab, name: sink-0, kubeconfig: /etc/kube, context: lab}}}
  near: {network: {container: {name: k2-sink}, ports: [8080], sources: [10.0.0.7, "10.1.0.0/16", "fd00::/8"]}}
`

func TestATargetIsOneKindOfThing(t *testing.T) {
	p, problems := spec.ParsePlatform([]byte(lab))
	require.Empty(t, problems)
	kinds := map[spec.TargetName]spec.TargetKind{}
	for name, target := range p.Targets {
		kinds[name] = target.Kind()
	}
	assert.Equal(t, map[spec.TargetName]spec.TargetKind{
		"found": spec.ProcessKind, "unit": spec.ProcessKind, "svc": spec.ProcessKind, "old": spec.ProcessKind, "box": spec.ContainerKind, "far": spec.ContainerKind, "net": spec.NetworkKind, "near": spec.NetworkKind, "pod": spec.PodKind, "pod-net": spec.NetworkKind,
		"orders": spec.TopicKind, "mirror": spec.TopicKind, "schemas": spec.RegistryKind, "subject": spec.RegistryKind,
		"files": spec.TableKind, "remote": spec.TableKind, "folder": spec.TableKind,
		"proxy": spec.ProxyKind, "gate": spec.ProxyKind, "lake": spec.TableKind, "line": spec.LinkKind, "k2": spec.ClusterKind,
		"far-k2": spec.ClusterKind, "room": spec.DirectoryKind, "all": spec.GroupKind, "seen": spec.WatchedKind,
	}, kinds)
	assert.Equal(t, []int{9092, 9093}, p.Targets["net"].Network.Ports)
	assert.Equal(t, []spec.TargetName{"orders", "svc"}, p.Reach("all"))
}

// guidesPlatform reads the first example of a guide, which is a platform.
func guidesPlatform(t *testing.T, name string) (guide string, p spec.Platform) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", name))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "```yaml\n")
	example, _, found := strings.Cut(rest, "```\n")
	require.True(t, found)
	p, problems := spec.ParsePlatform([]byte(example))
	require.Empty(t, problems)
	return string(text), p
}

func TestTheGuidesExampleIsAccepted(t *testing.T) {
	_, p := guidesPlatform(t, "TARGETS.md")
	assert.Equal(t, spec.WatchedKind, p.Targets["meter"].Kind())
}

func TestATargetIsFoundWithItsDefaults(t *testing.T) {
	p, problems := spec.ParsePlatform([]byte(lab))
	require.Empty(t, problems)
	find := func(name spec.TargetName) spec.Target {
		found, ok := p.Target(name)
		assert.True(t, ok, name)
		return found
	}
	assert.Equal(t, spec.DefaultEngine, find("box").Container.Engine)
	assert.Equal(t, "tcp://10.0.0.1:2375", find("far").Container.Engine)
	assert.Equal(t, spec.DefaultEngine, find("near").Network.Container.Engine)
	assert.Equal(t, []int{8080}, find("near").Network.Ports)
	assert.Equal(t, []string{"127.0.0.1:9092"}, find("orders").Topic.Brokers)
	assert.Equal(t, []string{"[::1]:9092", "k:9093"}, find("mirror").Topic.Brokers)
	assert.Equal(t, []string{"127.0.0.1:9092"}, find("k2").Cluster.Brokers)
	assert.Equal(t, []string{"k:9092"}, find("far-k2").Cluster.Brokers)
	assert.Empty(t, p.Targets["box"].Container.Engine, "the platform stays as it was written")
	assert.Empty(t, p.Targets["near"].Network.Container.Engine)
	assert.Empty(t, p.Targets["orders"].Topic.Brokers)
	_, ok := p.Target("nobody")
	assert.False(t, ok)
}

func TestATargetIsRefusedWithPlaceAndHint(t *testing.T) {
	for name, c := range map[string]struct{ from, to, want string }{
		"two kinds":             {"container: {name: k2-sink}", "container: {name: k2-sink}, topic: {name: t}", "8:8: error: targets.box: a target is one thing, this one is a container and a topic; write one of process"},
		"a group and a process": {"members: [svc, orders]", "members: [svc], process: {record: r}", "a process and a group"},
		"nothing":               {"health: {tcp: \"127.0.0.1:1\"}", "title: a title", "21:9: error: targets.seen: nothing says what it is; write one of process"},
		"an empty group":        {"members: [svc, orders]", "members: []", "20:8: error: targets.all: nothing says what it is"},
		"an empty kind":         {"container: {name: k2-sink}", "container: null", "targets.box: nothing says what it is"},
		"an unknown kind":       {"container: {name: k2-sink}", "contaner: {name: k2-sink}", "did you mean container?"},
		"an unknown field":      {"name: k2-sink", "name: k2-sink, image: k", `unknown field "image"`},
		"an unknown member":     {"[svc, orders]", "[svc, ordres]", "20:24: error: targets.all.members[1]: target \"ordres\" is not known; did you mean orders?"},
		"a process both ways":   {"pid_file: /run/old.pid", "pid_file: /run/old.pid, record: r", "7:18: error: targets.old.process: a process is found by its record, its pid file"},
		"a process no way":      {"record: /run/svc.json", "log: l", "targets.svc.process: a process is found by"},
		"a bad match":           {"server-1", "server-1(", "targets.found.process.match: match \"kafka\\\\.Kafka .*server-1(\": error parsing regexp"},
		"a unit's kind":         {"kafka@1.service", "kafka@1.timer", "targets.unit.process.unit: unit \"kafka@1.timer\": write the name of a service"},
		"a unit's option":       {"kafka@1.service", "--now.service", "write the name of a service"},
		"a unit's command":      {"unit: kafka@1.service", "unit: kafka@1.service, command: [kafka]", "systemd starts a unit by itself"},
		"two ways":              {"unit: kafka@1.service", "unit: kafka@1.service, match: kafka", "targets.unit.process: a process is found by"},
		"no container":          {"name: k2-sink", "engine: tcp://h:1", "8:20: error: targets.box.container.name: is missing; write its name or id"},
		"a container's path":    {"name: k2-sink", "name: /k2-sink", "8:27: error: targets.box.container.name: container \"/k2-sink\": write its name or id"},
		"an engine's path":      {"tcp://10.0.0.1:2375", "/run/docker.sock", "targets.far.container.engine: engine \"/run/docker.sock\": write the URL of its API, such as unix:///"},
		"an engine's password":  {"tcp://10.0.0.1:2375", "tcp://me:pass@h:2375", "write the URL of its API"},
		"a namespace's name":    {"namespace: /run/netns/kafka", "namespace: kafka", "10:30: error: targets.net.network.namespace: namespace \"kafka\" is no path from the root; write where it is bound"},
		"all of the host":       {"{namespace: /run/netns/kafka, ports: [9092, 9093]}", "{ports: []}", "targets.net.network: it is all the traffic of the host; write ports"},
		"no port":               {"9092, 9093]", "9092, 65536]", "10:62: error: targets.net.network.ports[1]: 65536 is no port; write a number from 1 to 65535"},
		"port 0":                {"9092, 9093]", "0]", "0 is no port"},
		"a port's name":         {"9092, 9093]", "kafka]", "write a whole number"},
		"a port twice":          {"9092, 9093]", "9092, 9092]", "port 9092 stands twice; remove one"},
		"a namespace twice":     {"{container: {name: k2-sink}, ports", "{namespace: /run/n, container: {name: k2-sink}, ports", "error: targets.near.network: its namespace is told twice; write namespace, or container"},
		"a container's network": {"network: {container: {name: k2-sink}", "network: {container: {name: /k2-sink}", "targets.near.network.container.name: container \"/k2-sink\": write its name or id"},
		"a pod no way":          {"selector: \"app=sink,tier!=test\", ", "", "targets.pod.pod: a pod is found by its name, or by its labels, one of them; write name: sink-0"},
		"a pod both ways":       {"selector: \"app", "name: sink-0, selector: \"app", "targets.pod.pod: a pod is found by its name, or by its labels"},
		"a pod of nowhere":      {"{pod: {namespace: lab, selector", "{pod: {selector", "targets.pod.pod.namespace: is missing; write the cluster's namespace"},
		"a pod's namespace":     {"{pod: {namespace: lab, selector", "{pod: {namespace: lab/a, selector", "targets.pod.pod.namespace: namespace \"lab/a\": write the cluster's"},
		"a pod's path":          {"sink-0", "../sink-0", "targets.pod-net.network.pod.name: pod \"../sink-0\": write its name"},
		"a selector's query":    {"app=sink,", "app=sink&limit=1,", "targets.pod.pod.selector: selector \"app=sink&limit=1,tier!=test\" is none of labels"},
		"a pod's container":     {"container: sink}", "container: Sink}", "targets.pod.pod.container: container \"Sink\": write the container's name"},
		"a kubeconfig's path":   {"/etc/kube,", "kube,", "targets.pod-net.network.pod.kubeconfig: kubeconfig \"kube\" is no path from the root"},
		"a pod's namespace too": {"{network: {pod:", "{network: {namespace: /run/n, pod:", "error: targets.pod-net.network: its namespace is told twice"},
		"a source's name":       {"10.0.0.7", "k2-sink", "targets.near.network.sources[0]: source \"k2-sink\": write an address, such as 10.0.0.7"},
		"a source within":       {"10.1.0.0/16", "10.1.2.3/16", "targets.near.network.sources[1]: source \"10.1.2.3/16\": write the network, 10.1.0.0/16, or one address"},
		"a source too long":     {"10.1.0.0/16", "10.1.0.0/33", "source \"10.1.0.0/33\": write an address"},
		"a source twice":        {"\"10.1.0.0/16\"", "10.0.0.7", "targets.near.network.sources[1]: source 10.0.0.7 stands twice; remove one"},
		"no topic":              {"{topic: {name: orders.v1}", "{topic: {brokers: [\"h:1\"]}", "targets.orders.topic.name: is missing; write letters"},
		"a topic's sign":        {"{name: orders.v1}", "{name: orders/v1}", "11:26: error: targets.orders.topic.name: topic \"orders/v1\": write letters"},
		"a topic that is a dot": {"{name: orders.v1}", "{name: ..}", "neither . nor .."},
		"a long topic":          {"{name: orders.v1}", "{name: " + strings.Repeat("o", 250) + "}", "names of up to 249 bytes"},
		"a topic of no Kafka":   {"kafka: [127.0.0.1:9092]\n", "", "targets.orders.topic: nothing says which Kafka has it; write brokers: [host:9092], or kafka:"},
		"a broker's port":       {"k:9093", "k", "targets.mirror.topic.brokers[1]: \"k\" is no address; write host:port"},
		"a broker's big port":   {"k:9093", "k:65536", "is no address"},
		"a cluster's broker":    {"[\"k:9092\"]", "[k]", "targets.far-k2.cluster.brokers[0]: \"k\" is no address; write host:port"},
		"a cluster of no Kafka": {"kafka: [127.0.0.1:9092]\n", "", "targets.k2.cluster: nothing says which Kafka has it"},
		"no registry":           {"url: \"http://r:8081\", ", "", "targets.subject.registry.url: is missing; write its URL"},
		"a registry's address":  {"url: \"http://r:8081\"", "url: \"r:8081\"", "registry \"r:8081\": write its URL"},
		"a registry's query":    {"url: \"http://r:8081\"", "url: \"http://r:8081?a=b\"", "without a query"},
		"a subject's path":      {"orders-value", "orders/value", "subject \"orders/value\": write one subject"},
		"a remote proxy":        {"http://127.0.0.1:9900", "http://10.0.0.1:9900", "targets.gate.kafka_proxy.control: control \"http://10.0.0.1:9900\": write where the proxy on this machine"},
		"a proxy's socket":      {"unix:///run/proxy/control.sock", "/run/proxy/control.sock", "such as unix:///run"},
		"a proxy's path":        {"http://127.0.0.1:9900", "http://127.0.0.1:9900/v1", "write where the proxy"},
		"no control":            {"control: \"unix:///run/proxy/control.sock\"", "", "targets.proxy.kafka_proxy.control: is missing"},
		"no token":              {", token_file: /run/gate/http.token", "", "targets.gate.kafka_proxy.token_file: is missing; write the file"},
		"a socket's token":      {"control.sock\"", "control.sock\", token_file: t", "a socket asks for no token; remove it"},
		"no link":               {", name: svc-to-box", "", "targets.line.link.name: is missing; write what the proxy calls it"},
		"a link's name":         {"name: svc-to-box", "name: svc → box", "write what the proxy calls it: lower-case letters"},
		"a link's end":          {"to: box", "to: bax", "22:93: error: targets.line.link.to: target \"bax\" is not known; did you mean box?"},
		"a link's control":      {"unix:///run/links/control.sock", "tcp://h:1", "targets.line.link.control: control \"tcp://h:1\": write where the proxy"},
		"no directory":          {"path: /var/lib/svc, ", "", "targets.room.directory.path: is missing; write its path from the root"},
		"a directory's path":    {"/var/lib/svc", "lib/svc", "targets.room.directory.path: directory \"lib/svc\" is no path from the root; write one such as /var/lib/kafka"},
		"a directory above":     {"/var/lib/svc", "/var/../svc", "directory \"/var/../svc\" can be written shorter; write /svc"},
		"a directory's slash":   {"/var/lib/svc", "/var/lib/svc/", "can be written shorter; write /var/lib/svc"},
		"a directory's owner":   {"owner: svc", "owner: scv", "targets.room.directory.owner: target \"scv\" is not known; did you mean svc?"},
		"no table":              {", name: trades_v2", "", "15:17: error: targets.lake.table.name: is missing"},
		"no namespace":          {"namespace: market.data, ", "", "targets.lake.table.namespace: is missing"},
		"a table's full name":   {"name: trades_v2", "name: market.trades_v2", "the namespace apart"},
		"a catalog's kind":      {"kind: sql", "kind: nessie", "targets.files.table.catalog.kind: catalog \"nessie\" is not known"},
		"a catalog's path":      {"uri: /lake/catalog.db", "uri: catalog.db", "write the absolute path of the catalog's SQLite file"},
		"a catalog's URL":       {"http://r:8181", "r:8181", "the URL of the REST catalog"},
		"a warehouse's path":    {"warehouse: /lake/warehouse", "warehouse: lake", "targets.files.table.catalog.warehouse: warehouse \"lake\""},
		"no warehouse":          {", warehouse: \"s3://bucket/lake\"", "", "targets.folder.table.catalog.warehouse: is missing"},
		"a store's path":        {"http://s:9000", "http://s:9000/b", "the URL of the store without a path"},
		"keys somewhere":        {"/run/keys", "keys", "write the absolute path"},
		"a token for nobody":    {"kind: hadoop", "kind: hadoop, token_file: /t", "only a REST catalog asks for a token"},
		"a namespace's path":    {"market.data", "../data", "namespace \"../data\": write letters"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, lab, c.from)
			_, problems := spec.ParsePlatform([]byte(strings.Replace(lab, c.from, c.to, 1)))
			require.ErrorContains(t, problems.Err(), c.want)
		})
	}
}
