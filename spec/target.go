package spec

// Target is something that can be broken, and what kind of thing it is:
// exactly one of the fields from Process to Directory, or Members. One with
// Health alone is only watched: metrics may need it, no fault can break it.
type Target struct {
	Title   string       `yaml:"title" json:"title,omitempty"`
	Members []TargetName `yaml:"members" json:"members,omitempty"`

	Process   *Process   `yaml:"process" json:"process,omitempty"`
	Container *Container `yaml:"container" json:"container,omitempty"`
	Pod       *Pod       `yaml:"pod" json:"pod,omitempty"`
	Network   *Network   `yaml:"network" json:"network,omitempty"`
	Topic     *Topic     `yaml:"topic" json:"topic,omitempty"`
	Registry  *Registry  `yaml:"registry" json:"registry,omitempty"`
	Table     *Table     `yaml:"table" json:"table,omitempty"`

	KafkaProxy *KafkaProxy `yaml:"kafka_proxy" json:"kafka_proxy,omitempty"`
	Link       *Link       `yaml:"link" json:"link,omitempty"`
	Cluster    *Cluster    `yaml:"cluster" json:"cluster,omitempty"`
	Directory  *Directory  `yaml:"directory" json:"directory,omitempty"`

	Health *Health `yaml:"health" json:"health,omitempty"`
}

// TargetKind says what kind of thing a target is; it reads well after "a".
type TargetKind string

// The kinds of target.
const (
	ProcessKind   TargetKind = "process"
	ContainerKind TargetKind = "container"
	PodKind       TargetKind = "pod"
	NetworkKind   TargetKind = "network"
	TopicKind     TargetKind = "topic"
	RegistryKind  TargetKind = "registry"
	TableKind     TargetKind = "table"
	ProxyKind     TargetKind = "Kafka proxy"
	LinkKind      TargetKind = "link"
	ClusterKind   TargetKind = "Kafka cluster"
	DirectoryKind TargetKind = "directory"
	GroupKind     TargetKind = "group"   // of its members
	WatchedKind   TargetKind = "watched" // only; nothing says how it is broken
)

// Kind is the target's kind, the first where a target that nobody validated
// says several.
func (t Target) Kind() TargetKind {
	if kinds := t.kinds(); len(kinds) > 0 {
		return kinds[0]
	}
	return WatchedKind
}

// kinds are all that the target says it is; one is right.
func (t Target) kinds() []TargetKind {
	var out []TargetKind
	for _, k := range []struct {
		kind TargetKind
		set  bool
	}{
		{ProcessKind, t.Process != nil},
		{ContainerKind, t.Container != nil},
		{PodKind, t.Pod != nil},
		{NetworkKind, t.Network != nil},
		{TopicKind, t.Topic != nil},
		{RegistryKind, t.Registry != nil},
		{TableKind, t.Table != nil},
		{ProxyKind, t.KafkaProxy != nil},
		{LinkKind, t.Link != nil},
		{ClusterKind, t.Cluster != nil},
		{DirectoryKind, t.Directory != nil},
		{GroupKind, len(t.Members) > 0},
	} {
		if k.set {
			out = append(out, k.kind)
		}
	}
	return out
}

// Process says how a target's process is found and started again. Record
// names a process record that the service writes itself; PIDFile with
// Command serves programs that do not. Match is a regular expression that the
// command line of one process alone matches, and Unit a unit of systemd, which
// stops and starts it. Exactly one of the four is written.
type Process struct {
	Record  string   `yaml:"record" json:"record,omitempty"`
	PIDFile string   `yaml:"pid_file" json:"pid_file,omitempty"`
	Match   string   `yaml:"match" json:"match,omitempty"`
	Unit    string   `yaml:"unit" json:"unit,omitempty"`
	Command []string `yaml:"command" json:"command,omitempty"`
	Env     []string `yaml:"env" json:"env,omitempty"`
	Dir     string   `yaml:"dir" json:"dir,omitempty"`
	Log     string   `yaml:"log" json:"log,omitempty"`
}

// Ways are the fields by which the process is found; one is right.
func (p Process) Ways() []string {
	var ways []string
	for _, w := range []struct{ field, value string }{{"record", p.Record}, {"pid_file", p.PIDFile}, {"match", p.Match}, {"unit", p.Unit}} {
		if w.value != "" {
			ways = append(ways, w.field)
		}
	}
	return ways
}

// DefaultEngine is the socket of the container engine on this host.
const DefaultEngine = "unix:///var/run/docker.sock"

// Container is one container of an engine that speaks Docker's API.
type Container struct {
	Engine string `yaml:"engine" json:"engine,omitempty"` // URL of its API; "" = DefaultEngine
	Name   string `yaml:"name" json:"name"`               // or id
}

func (c *Container) withDefaults() *Container {
	if c == nil || c.Engine != "" {
		return c
	}
	return &Container{Engine: DefaultEngine, Name: c.Name}
}

// Pod is one pod of a Kubernetes cluster, or one container in it. It is found
// by its name, or as the only one that a selector fits.
type Pod struct {
	Namespace string `yaml:"namespace" json:"namespace"`
	Name      string `yaml:"name" json:"name,omitempty"`
	// Selector is of labels, as kubectl takes them: app=sink,tier notin (test).
	Selector string `yaml:"selector" json:"selector,omitempty"`
	// Container is the one that is meant; "" is the pod's only one, or the pod
	// as a whole.
	Container string `yaml:"container" json:"container,omitempty"`
	// Kubeconfig is the absolute path of the file that says where the cluster is;
	// "" is the account of the pod that the agent runs in, else kubectl's own file.
	Kubeconfig string `yaml:"kubeconfig" json:"kubeconfig,omitempty"`
	// Context is that of the file; "" = its current one.
	Context string `yaml:"context" json:"context,omitempty"`
}

// Network is the traffic of a service: what its ports take in one network
// namespace.
type Network struct {
	// Namespace is the path of the network namespace; "" is that of Container
	// or Pod, or of the host, where the ports must be named, since its traffic is
	// everybody's.
	Namespace string `yaml:"namespace" json:"namespace,omitempty"`
	// Container is the container whose namespace it is.
	Container *Container `yaml:"container" json:"container,omitempty"`
	// Pod is the pod whose namespace it is; which of its containers is all one.
	Pod *Pod `yaml:"pod" json:"pod,omitempty"`
	// Ports are the TCP ports that the service listens on; none are all.
	Ports []int `yaml:"ports" json:"ports,omitempty"`
	// Sources are the addresses, or networks as 10.0.0.0/8, whose traffic with
	// the service it is; none are all.
	Sources []string `yaml:"sources" json:"sources,omitempty"`
}

// Topic is one Kafka topic.
type Topic struct {
	Brokers []string `yaml:"brokers" json:"brokers,omitempty"` // none = the platform's Kafka
	Name    string   `yaml:"name" json:"name"`
}

// Registry is a Confluent-compatible schema registry, or one subject in it.
type Registry struct {
	URL     string `yaml:"url" json:"url"`
	Subject string `yaml:"subject" json:"subject,omitempty"` // "" = all of it
	// Lower is whose compatibility level a fault lowers that does not say it:
	// LowerSubject, or LowerGlobal where a subject's cannot be NONE. "" is
	// LowerSubject.
	Lower string `yaml:"lower" json:"lower,omitempty"`
}

// Values of Registry.Lower.
const (
	LowerSubject = "subject"
	LowerGlobal  = "global"
)

// Table is one table of the lake's catalog.
type Table struct {
	Namespace string `yaml:"namespace" json:"namespace"`
	Name      string `yaml:"name" json:"name"`
	// Catalog is where its pointer and files are; none = the pipeline's own lake.
	Catalog *Catalog `yaml:"catalog" json:"catalog,omitempty"`
}

// KafkaProxy is a fault proxy between Kafka's clients and brokers.
type KafkaProxy struct {
	// Control is where it takes its faults: unix:///path of its socket, or
	// http://host:port on this machine's loopback.
	Control string `yaml:"control" json:"control"`
	// TokenFile holds the token that it asks for over http. A socket asks for
	// none: who may open it may give faults.
	TokenFile string `yaml:"token_file" json:"token_file,omitempty"`
}

// Link is one link of a link proxy: what one thing says to another through it.
type Link struct {
	// Control and TokenFile are those of KafkaProxy.
	Control   string `yaml:"control" json:"control"`
	TokenFile string `yaml:"token_file" json:"token_file,omitempty"`
	// Name is what the proxy calls it.
	Name string `yaml:"name" json:"name"`
	// From and To are the targets that it links: From connects.
	From TargetName `yaml:"from" json:"from,omitempty"`
	To   TargetName `yaml:"to" json:"to,omitempty"`
}

// Cluster is a Kafka cluster: what its brokers agree on, such as the quotas of
// its clients.
type Cluster struct {
	Brokers []string `yaml:"brokers" json:"brokers,omitempty"` // none = the platform's Kafka
}

// Directory is a folder that a service keeps files in, and so the room that
// its filesystem has.
type Directory struct {
	// Path is from the root, as the agent on its machine sees it.
	Path string `yaml:"path" json:"path"`
	// Owner is the target that keeps its files there; "" says nothing.
	Owner TargetName `yaml:"owner" json:"owner,omitempty"`
}

// Target finds a target by its name and fills in what it leaves to its
// defaults: the engine of a container, the brokers of a topic or cluster.
func (p Platform) Target(name TargetName) (Target, bool) {
	t, ok := p.Targets[name]
	t.Container = t.Container.withDefaults()
	if n := t.Network; n != nil && n.Container != nil {
		filled := *n
		filled.Container = n.Container.withDefaults()
		t.Network = &filled
	}
	if o := t.Topic; o != nil && len(o.Brokers) == 0 {
		t.Topic = &Topic{Brokers: p.Kafka, Name: o.Name}
	}
	if c := t.Cluster; c != nil && len(c.Brokers) == 0 {
		t.Cluster = &Cluster{Brokers: p.Kafka}
	}
	return t, ok
}
