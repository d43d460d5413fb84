package spec

import (
	"fmt"
	"maps"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	containerPattern = `^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`              // Docker's own
	enginePattern    = `^(unix:///\S+|(tcp|https?)://[^\s/?#@]+)$` // as DOCKER_HOST has it
	unitPattern      = `^[a-zA-Z0-9][a-zA-Z0-9:_.@\\-]*\.service$` // systemd.unit(5)
	topicPattern     = `^[a-zA-Z0-9._-]+$`
	urlPattern       = `^https?://[^\s/?#]+(/[^\s?#]*)?$`
	subjectPattern   = `^[^\s/]+$`
	tablePattern     = `^[a-zA-Z0-9_][a-zA-Z0-9_-]*$`
	controlPattern   = `^(unix:///[^\s?#]+|http://(localhost|127(\.[0-9]{1,3}){3}|\[::1\]):[0-9]{1,5})$`
	dnsLabelPattern  = `^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`   // Kubernetes' namespaces and containers
	podPattern       = `^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$` // and pods
	linkPattern      = `^[a-z0-9][a-z0-9-]{0,62}$`
	namespacePattern = `^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$`
	longestTopic     = 249
)

// kindsToWrite is the hint where a target says no kind, or several.
const kindsToWrite = "write one of process, container, pod, network, topic, registry, table, kafka_proxy, link, cluster, directory, or members"

func (v *validator) targets(p Platform, known []string) {
	for _, name := range slices.Sorted(maps.Keys(p.Targets)) {
		t, path := p.Targets[name], "targets."+string(name)
		switch kinds := t.kinds(); {
		case len(kinds) > 1:
			v.refuse(path, fmt.Sprintf("a target is one thing, this one is a %s and a %s", kinds[0], kinds[1]), kindsToWrite)
		case len(kinds) == 0 && t.Health == nil:
			v.refuse(path, "nothing says what it is", kindsToWrite+"; health alone where it is only watched")
		}
		for i, m := range t.Members {
			if _, ok := p.Targets[m]; !ok {
				v.refuse(indexed(path+".members", i), fmt.Sprintf("target %q is not known", m), DidYouMean(string(m), known))
			}
		}
		v.target(path, t, p, known)
	}
}

// target judges each kind that the target says.
func (v *validator) target(path string, t Target, p Platform, known []string) {
	if t.Process != nil {
		v.process(path+".process", *t.Process)
	}
	if t.Container != nil {
		v.container(path+".container", *t.Container)
	}
	if t.Pod != nil {
		v.pod(path+".pod", *t.Pod)
	}
	if t.Network != nil {
		v.network(path+".network", *t.Network)
	}
	if t.Topic != nil {
		v.topic(path+".topic", *t.Topic, p.Kafka)
	}
	if r := t.Registry; r != nil {
		v.like(path+".registry.url", "registry", r.URL, urlPattern, "its URL without a query, such as http://127.0.0.1:8081")
		if r.Subject != "" {
			v.like(path+".registry.subject", "subject", r.Subject, subjectPattern, "one subject, such as trades-value, or nothing for the whole registry")
		}
		if r.Lower != "" && r.Lower != LowerSubject && r.Lower != LowerGlobal {
			v.refuse(path+".registry.lower", fmt.Sprintf("%q is no level", r.Lower), "write lower: subject, or lower: global where a subject's level cannot be NONE")
		}
	}
	if t.KafkaProxy != nil {
		v.proxy(path+".kafka_proxy", t.KafkaProxy.Control, t.KafkaProxy.TokenFile)
	}
	if l := t.Link; l != nil {
		v.proxy(path+".link", l.Control, l.TokenFile)
		v.like(path+".link.name", "link", l.Name, linkPattern, "what the proxy calls it: lower-case letters, digits and dashes, such as sink-to-store")
		v.named(path+".link.from", l.From, p, known)
		v.named(path+".link.to", l.To, p, known)
	}
	if d := t.Directory; d != nil {
		v.directory(path+".directory.path", d.Path)
		v.named(path+".directory.owner", d.Owner, p, known)
	}
	if t.Cluster != nil {
		v.brokers(path+".cluster", t.Cluster.Brokers, p.Kafka)
	}
	if l := t.Table; l != nil {
		v.like(path+".table.namespace", "namespace", l.Namespace, namespacePattern, "letters, digits, dash and underscore, with dots between its levels")
		v.like(path+".table.name", "table", l.Name, tablePattern, "letters, digits, dash and underscore, and the namespace apart")
		if l.Catalog != nil {
			v.catalog(path+".table.catalog", *l.Catalog)
		}
	}
}

func (v *validator) process(path string, p Process) {
	if len(p.Ways()) != 1 {
		v.refuse(path, "a process is found by its record, its pid file, what its command line matches, or its unit, one of them",
			"write record: PATH, pid_file: PATH with command: [...], match: REGEXP, or unit: NAME.service")
	}
	if _, err := regexp.Compile(p.Match); err != nil {
		v.refuse(path+".match", fmt.Sprintf("match %q: %s", p.Match, err), "write a regular expression of Go's, such as kafka\\.Kafka .*server-1\\.properties")
	}
	if p.Unit == "" {
		return
	}
	v.like(path+".unit", "unit", p.Unit, unitPattern, "the name of a service of systemd, such as kafka@1.service")
	if len(p.Command) > 0 {
		v.refuse(path+".command", "systemd starts a unit by itself", "remove it")
	}
}

func (v *validator) container(path string, c Container) {
	v.like(path+".name", "container", c.Name, containerPattern, "its name or id, as the engine lists it")
	if c.Engine != "" {
		v.like(path+".engine", "engine", c.Engine, enginePattern, "the URL of its API, such as "+DefaultEngine+" or tcp://host:2375")
	}
}

func (v *validator) pod(at string, p Pod) {
	v.like(at+".namespace", "namespace", p.Namespace, dnsLabelPattern, "the cluster's namespace that it is in, such as market-data")
	switch {
	case (p.Name == "") == (p.Selector == ""):
		v.refuse(at, "a pod is found by its name, or by its labels, one of them", "write name: sink-0, or selector: app=sink")
	case p.Name != "":
		v.like(at+".name", "pod", p.Name, podPattern, "its name, as kubectl get pods lists it")
	case strings.TrimSpace(p.Selector) != p.Selector || strings.ContainsAny(p.Selector, "\r\n&?#"):
		v.refuse(at+".selector", fmt.Sprintf("selector %q is none of labels", p.Selector), "write it as kubectl takes it, such as app=sink,tier!=test")
	}
	if p.Container != "" {
		v.like(at+".container", "container", p.Container, dnsLabelPattern, "the container's name in the pod")
	}
	if p.Kubeconfig != "" && !path.IsAbs(p.Kubeconfig) {
		v.refuse(at+".kubeconfig", fmt.Sprintf("kubeconfig %q is no path from the root", p.Kubeconfig), "write one such as /etc/faultline/kubeconfig")
	}
}

func (v *validator) directory(at, is string) {
	switch {
	case is == "":
		v.refuse(at, "is missing", "write its path from the root, such as /var/lib/kafka")
	case !path.IsAbs(is):
		v.refuse(at, fmt.Sprintf("directory %q is no path from the root", is), "write one such as /var/lib/kafka")
	case path.Clean(is) != is:
		v.refuse(at, fmt.Sprintf("directory %q can be written shorter", is), "write "+path.Clean(is))
	}
}

// named judges a target that another one names, where it does.
func (v *validator) named(path string, name TargetName, p Platform, known []string) {
	if _, ok := p.Targets[name]; name != "" && !ok {
		v.refuse(path, fmt.Sprintf("target %q is not known", name), DidYouMean(string(name), known))
	}
}

func (v *validator) proxy(path, control, tokenFile string) {
	v.like(path+".control", "control", control, controlPattern, "where the proxy on this machine takes its faults, such as unix:///run/kafka-proxy/control.sock or http://127.0.0.1:9900")
	switch overHTTP := strings.HasPrefix(control, "http:"); {
	case overHTTP && tokenFile == "":
		v.refuse(path+".token_file", "is missing", "write the file with the token that the proxy made, or use its socket")
	case !overHTTP && tokenFile != "":
		v.refuse(path+".token_file", "a socket asks for no token", "remove it")
	}
}

func (v *validator) network(path string, n Network) {
	if n.Namespace != "" && !strings.HasPrefix(n.Namespace, "/") {
		v.refuse(path+".namespace", fmt.Sprintf("namespace %q is no path from the root", n.Namespace), "write where it is bound, such as /run/netns/kafka")
	}
	switch {
	case n.toldTwice():
		v.refuse(path, "its namespace is told twice", "write namespace, or container or pod, whose namespace it then is")
	case n.Container != nil:
		v.container(path+".container", *n.Container)
	case n.Pod != nil:
		v.pod(path+".pod", *n.Pod)
	case n.Namespace == "" && len(n.Ports) == 0:
		v.refuse(path, "it is all the traffic of the host", "write ports: [9092], or namespace: /run/netns/kafka")
	}
	for i, source := range n.Sources {
		at := indexed(path+".sources", i)
		_, err := ReadSource(source)
		if err != nil {
			v.refuse(at, err.Error(), "")
		}
		if slices.Contains(n.Sources[:i], source) {
			v.refuse(at, fmt.Sprintf("source %s stands twice", source), "remove one")
		}
	}
	for i, port := range n.Ports {
		at := indexed(path+".ports", i)
		if port < 1 || port > 65535 {
			v.refuse(at, fmt.Sprintf("%d is no port", port), "write a number from 1 to 65535")
		}
		if slices.Contains(n.Ports[:i], port) {
			v.refuse(at, fmt.Sprintf("port %d stands twice", port), "remove one")
		}
	}
}

// toldTwice says that more than one field names the namespace.
func (n Network) toldTwice() bool {
	told := 0
	for _, is := range []bool{n.Namespace != "", n.Container != nil, n.Pod != nil} {
		if is {
			told++
		}
	}
	return told > 1
}

func (v *validator) topic(path string, t Topic, kafka []string) {
	v.like(path+".name", "topic", t.Name, topicPattern, "letters, digits, dot, dash and underscore")
	if len(t.Name) > longestTopic || t.Name == "." || t.Name == ".." {
		v.refuse(path+".name", fmt.Sprintf("Kafka takes names of up to %d bytes, and neither . nor ..", longestTopic), "write the topic's name")
	}
	v.brokers(path, t.Brokers, kafka)
}

func (v *validator) brokers(path string, brokers, kafka []string) {
	if len(brokers) == 0 && len(kafka) == 0 {
		v.refuse(path, "nothing says which Kafka has it", "write brokers: [host:9092], or kafka: for the whole platform")
	}
	for i, b := range brokers {
		if !isAddress(b) {
			v.refuse(indexed(path+".brokers", i), fmt.Sprintf("%q is no address", b), "write host:port, such as 127.0.0.1:9092")
		}
	}
}

// like refuses a value that is missing, or does not match.
func (v *validator) like(path, what, value, pattern, want string) {
	if value == "" {
		v.refuse(path, "is missing", "write "+want)
		return
	}
	if err := matches(what, value, pattern, want); err != nil {
		v.refuse(path, err.Error(), "")
	}
}

// ReadSource reads an address, or a network, as Network.Sources have them.
func ReadSource(text string) (netip.Prefix, error) {
	if one, err := netip.ParseAddr(text); err == nil && one.Zone() == "" {
		return netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen()), nil
	}
	many, err := netip.ParsePrefix(text)
	if err != nil || many.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("source %q: write an address, such as 10.0.0.7 or fd00::7, or a network, such as 10.0.0.0/8; names change their addresses", text)
	}
	if many != many.Masked() {
		return netip.Prefix{}, fmt.Errorf("source %q: write the network, %s, or one address without a length", text, many.Masked())
	}
	return many, nil
}

// isAddress takes host:port; the core knows no package net.
func isAddress(s string) bool {
	cut := strings.LastIndexByte(s, ':')
	if cut < 1 || strings.ContainsAny(s, " \t\r\n/,@") {
		return false
	}
	port, err := strconv.ParseUint(s[cut+1:], 10, 16)
	return err == nil && port > 0
}
