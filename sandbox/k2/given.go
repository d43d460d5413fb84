package k2

import "github.com/k2-platform/faultline/spec"

// Given is the servers that were there before the sandbox, which uses them in
// place of its own. The zero value: it started all itself.
type Given struct {
	Brokers  []Server
	Registry *Server
	Lower    string  // as in spec.Registry, of that registry
	Store    *Server // object store
	Catalog  *Server
}

// Server is one that the sandbox found running. Without a record nobody can
// break its process.
type Server struct {
	Name   spec.TargetName // of a broker; the others are called by what they are for
	Record string          // path of its process record
	URL    string          // of its API, where it has one
	Health spec.Health
}

func (s Server) target(title string) spec.Target {
	t := spec.Target{Title: title, Health: &s.Health}
	if s.Record != "" {
		t.Process = &spec.Process{Record: s.Record}
	}
	return t
}

// replace puts given servers in the places of the sandbox's own. Several
// brokers are targets by their names; kafka is all of them.
func (g Given) replace(targets map[spec.TargetName]spec.Target) {
	switch len(g.Brokers) {
	case 0:
	case 1:
		targets["kafka"] = g.Brokers[0].target("the Kafka broker")
	default:
		group := spec.Target{Title: "the Kafka brokers"}
		for _, b := range g.Brokers {
			targets[b.Name] = b.target("Kafka broker " + string(b.Name))
			group.Members = append(group.Members, b.Name)
		}
		targets["kafka"] = group
	}
	for name, s := range map[spec.TargetName]*Server{"schema-registry": g.Registry, "store": g.Store, "catalog": g.Catalog} {
		if s != nil {
			targets[name] = s.target("the " + string(name))
		}
	}
}

func (a Addresses) registry() string {
	if a.Given.Registry != nil {
		return a.Given.Registry.URL
	}
	return "http://" + a.Registry
}

func (a Addresses) store() spec.Health {
	if a.Given.Store != nil {
		return a.Given.Store.Health
	}
	return health(a.Store)
}
