package network

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// chain is one of a table; without a hook it is entered from another.
type chain struct {
	name     string
	nat      bool // it gives packets another address
	hook     *nftables.ChainHook
	priority nftables.ChainPriority
	rules    []rule
}

// table is all that a fault has in the kernel.
type table []chain

const (
	// early is before what others do with packets (NF_IP_PRI_MANGLE), so that a
	// fault meets them as they are on the cable.
	early = -150
	// leading is the chain that leads connections into a proxy.
	leading = "lead"
)

// fill adds the table's chains and rules.
func (t table) fill(conn *nftables.Conn, to *nftables.Table) {
	for _, c := range t {
		added := &nftables.Chain{Name: c.name, Table: to}
		if c.hook != nil {
			added.Hooknum, added.Priority, added.Type = c.hook, &c.priority, c.typed()
		}
		conn.AddChain(added)
	}
	for _, c := range t {
		for _, r := range c.rules {
			var all []expr.Any
			for _, s := range r {
				all = append(all, s.exprs...)
			}
			conn.AddRule(&nftables.Rule{Table: to, Chain: &nftables.Chain{Name: c.name}, Exprs: all})
		}
	}
}

// String is the table as nft lists it.
func (t table) String() string {
	var out strings.Builder
	for _, c := range t {
		fmt.Fprintf(&out, "chain %s {\n", c.name)
		if c.hook != nil {
			fmt.Fprintf(&out, "\ttype %s hook %s priority %d\n", c.typed(), hookName(*c.hook), c.priority)
		}
		for _, r := range c.rules {
			fmt.Fprintf(&out, "\t%s\n", r)
		}
		out.WriteString("}\n")
	}
	return out.String()
}

func (c chain) typed() nftables.ChainType {
	if c.nat {
		return nftables.ChainTypeNAT
	}
	return nftables.ChainTypeFilter
}

func hookName(h nftables.ChainHook) string {
	switch h {
	case *nftables.ChainHookInput:
		return in + "put"
	case *nftables.ChainHookOutput:
		return out + "put"
	}
	return "prerouting"
}

// tableOf gives the table of a fault that needs no proxy.
func tableOf(w work) table {
	if w.Kind == DNS {
		return nameServers(w)
	}
	var t table
	for _, direction := range []string{in, out} {
		if !w.takes(direction) {
			continue
		}
		// Entering a chain of its own, a packet that several rules fit is met once.
		to := "fault_" + direction
		matches := w.matches(direction)
		for i := range matches {
			matches[i] = append(matches[i], enter(to))
		}
		if len(w.Ports) == 0 {
			matches = append([]rule{{neighbours(), accept()}}, matches...)
		}
		t = append(t, chain{name: direction, hook: hookOf(direction), priority: early, rules: matches}, chain{name: to, rules: w.actions()})
	}
	return t
}

func hookOf(direction string) *nftables.ChainHook {
	if direction == out {
		return nftables.ChainHookOutput
	}
	return nftables.ChainHookInput
}

// matches are the target's packets of one direction: of a service, by the port
// that it listens on.
func (w work) matches(direction string) []rule {
	var all []rule
	for _, from := range w.peers(direction) {
		if len(w.Ports) == 0 {
			all = append(all, append(rule{elsewhere(direction)}, from...))
		}
		for _, p := range w.Ports {
			at := toPort(p)
			if direction == out {
				at = fromPort(p)
			}
			all = append(all, append(append(rule{}, from...), transport(unix.IPPROTO_TCP), at))
		}
	}
	return all
}

// peers are the beginnings of rules, one for each source.
func (w work) peers(direction string) []rule {
	if len(w.Sources) == 0 {
		return []rule{nil}
	}
	var all []rule
	for _, s := range w.Sources {
		all = append(all, rule{family(s.Addr()), peer(s, direction)})
	}
	return all
}

func (w work) actions() []rule {
	switch w.Kind {
	case Loss:
		return []rule{{drawn(w.Share), counter(), drop()}}
	case Bandwidth:
		return []rule{{over(w.PerSecond), counter(), drop()}}
	case Reset:
		return []rule{{transport(unix.IPPROTO_TCP), alive(), counter(), reset()}}
	}
	return []rule{{counter(), drop()}}
}

const domain = 53

// beforeNAT is just before others give what a namespace sends another address
// (NF_IP_PRI_NAT_DST), as Docker does with questions to its name server.
const beforeNAT = -101

// nameServers takes the answers away, not the questions: of a question that
// was dropped on its way out the asker is told at once.
func nameServers(w work) table {
	if w.Refused {
		return table{
			{name: out, hook: hookOf(out), priority: early, rules: w.names(out, unix.IPPROTO_TCP, toPort(domain), alive(), counter(), reset())},
			{name: "away", nat: true, hook: hookOf(out), priority: beforeNAT, rules: w.names(out, unix.IPPROTO_UDP, toPort(domain), counter(), nowhere())},
		}
	}
	return table{{name: in, hook: hookOf(in), priority: early, rules: append(
		w.names(in, unix.IPPROTO_UDP, fromPort(domain), counter(), drop()),
		w.names(in, unix.IPPROTO_TCP, fromPort(domain), counter(), drop())...,
	)}}
}

// names are rules for what passes between the namespace and its name servers.
func (w work) names(direction string, protocol byte, then ...statement) []rule {
	all := w.peers(direction)
	for i := range all {
		all[i] = append(append(all[i], transport(protocol)), then...)
	}
	return all
}

// lastPlace is how many proxies stand in a row at most.
const lastPlace = 200

// leadTable leads connections to the target's ports into a proxy: those that
// are opened, and, by resetting them, those that stand. Of several faults the
// one that came last is asked first, and what it sends goes to the others.
func leadTable(w work, place int, listeners []netip.AddrPort) table {
	var rules []rule
	for _, l := range listeners {
		for _, from := range w.peers(in) {
			if len(w.Sources) > 0 && from[0].text != family(l.Addr()).text {
				continue
			}
			for _, p := range w.Ports {
				of := append(rule{family(l.Addr())}, from...)
				if len(w.Sources) > 0 {
					of = append(rule{}, from...) // which says the family, too
				}
				of = append(of, transport(unix.IPPROTO_TCP), toPort(p), unmarked(place), local())
				rules = append(rules, append(append(rule{}, of...), lead(l), accept()), append(append(rule{}, of...), alive(), counter(), reset()))
			}
		}
	}
	return table{{
		name: leading, hook: nftables.ChainHookPrerouting, priority: nftables.ChainPriority(early + place), rules: rules, //nolint:gosec // of at most lastPlace
	}}
}

// placeAfter is the next place in a row of proxies, by the chains that are
// there.
func placeAfter(chains []*nftables.Chain) int {
	last := 0
	for _, c := range chains {
		if c.Name == leading && strings.HasPrefix(c.Table.Name, tablePrefix) && c.Priority != nil {
			last = max(last, int(*c.Priority)-early)
		}
	}
	return last + 1
}
