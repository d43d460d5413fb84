// Package linkproxy breaks a link: what one part of a platform says to another
// through a link proxy. It is the side of the agent: the proxy is another
// process, which does what it is told and tells what is in force.
package linkproxy

import (
	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/spec"
)

// How is what a receipt says under "how": a network fault may be on a link or
// on what a kernel carries.
const How = "link"

// Kinds describes the faults, in the order of their names.
func Kinds() []faults.Kind { return rule.Kinds() }

// Driver breaks a link by one kind of fault; one that it does not know breaks
// nothing.
func Driver(kind string) control.Driver {
	return control.Driver{Kind: faults.Find(Kinds(), kind), Of: of, Notes: map[string]string{"how": How}}
}

func of(t spec.Target) (proxy control.Client, link string) {
	return control.Client{Address: t.Link.Control, TokenFile: t.Link.TokenFile}, t.Link.Name
}
