// Package kafkaproxy breaks what a Kafka fault proxy passes on: bytes,
// requests and responses, records. It is the side of the agent: the proxy is
// another process, which does what it is told and tells what is in force.
package kafkaproxy

import (
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/spec"
)

// Kinds describes the faults, in the order of their names.
func Kinds() []faults.Kind { return rule.Kinds() }

// Driver breaks a proxy by one kind of fault; one that it does not know breaks
// nothing.
func Driver(kind string) control.Driver {
	return control.Driver{Kind: faults.Find(Kinds(), kind), Of: of}
}

func of(t spec.Target) (proxy control.Client, link string) {
	return control.Client{Address: t.KafkaProxy.Control, TokenFile: t.KafkaProxy.TokenFile}, ""
}
