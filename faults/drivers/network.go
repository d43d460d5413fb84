package drivers

import (
	"slices"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/bytarget"
	"github.com/k2-platform/faultline/faults/linkproxy"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/spec"
)

// networks are the kinds that break a network or a link, by the target's kind,
// and those that break one of them alone.
func networks(dir string) []family {
	links := linkproxy.Kinds()
	var shared []faults.Kind
	for _, k := range network.Kinds() {
		if i := slices.IndexFunc(links, func(l faults.Kind) bool { return l.Name == k.Name }); i >= 0 {
			k = either(k, links[i])
			links = slices.Delete(links, i, i+1)
		}
		shared = append(shared, k)
	}
	return []family{
		{shared, func(kind string) faults.Driver {
			return bytarget.Driver{
				spec.NetworkKind: network.Driver{Kind: kind, Dir: dir, Namespaces: found{}}, spec.LinkKind: linkproxy.Driver(kind),
			}
		}},
		{links, func(kind string) faults.Driver { return linkproxy.Driver(kind) }},
	}
}

// either describes a kind that two drivers have. What only one of them takes
// that one checks itself, when it plans.
func either(a, b faults.Kind) faults.Kind {
	out := a
	out.Breaks, out.Serves, out.Together = slices.Concat(a.Breaks, b.Breaks), a.Serves && b.Serves, nil
	out.Without = nil
	out.Parameters = slices.Clone(a.Parameters)
	for _, p := range b.Parameters {
		i := slices.IndexFunc(out.Parameters, func(q faults.Parameter) bool { return q.Name == p.Name })
		if i < 0 {
			out.Parameters = append(out.Parameters, p)
			continue
		}
		first := out.Parameters[i].Check
		out.Parameters[i].Check = func(value string) error {
			if first == nil || p.Check == nil {
				return nil
			}
			err := first(value)
			if err != nil && p.Check(value) == nil {
				err = nil
			}
			return err
		}
	}
	return out
}
