package rule

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/often"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/spec"
)

// kind is a row of the table of faults.
type kind struct {
	name, summary string
	do            Do
	serves        bool // who it meets is served, if later
	own           []faults.Parameter
	fits          func(v params.Values) error
	fill          func(v params.Values, r *Rule)
}

// kinds are all of them, in the order of their names.
func kinds() []kind {
	return []kind{
		{
			name: "http.delay", summary: "requests over a link go on later", do: HTTPDelay, serves: true,
			own:  slices.Concat(params.Delays(second, "how long each request waits; with p99, the median"), selection()),
			fits: func(v params.Values) error { return errors.Join(params.DelayFits(v), often.Fits(v)) },
			fill: func(v params.Values, r *Rule) { delays(v, r); selected(v, r) },
		},
		{
			name: "http.status", summary: "requests over a link are answered with a status, and do not reach its other end", do: HTTPStatus,
			own: slices.Concat([]faults.Parameter{
				params.New("code", "the status, from 400 to 599", "503", status),
				{Name: "body", Summary: "what the answer says"},
			}, selection()),
			fits: often.Fits,
			fill: func(v params.Values, r *Rule) {
				selected(v, r)
				r.Code, r.Body = params.Read(v, "code", status), v.Text("body")
			},
		},
		{name: "http.unreachable", summary: "connections over a link are refused, and those that are open reset", do: Unreachable},
		{
			name: "network.bandwidth", summary: "bytes flow no faster than a rate, for each connection", do: Bandwidth, serves: true,
			own:  []faults.Parameter{params.New("bytes_per_second", "such as 1MiB or 500KB", "", params.Size), direction("both")},
			fits: func(v params.Values) error { return params.Missing(v, "bytes_per_second", "bytes_per_second: 1MiB") },
			fill: func(v params.Values, r *Rule) {
				r.PerSecond, r.Way = params.Read(v, "bytes_per_second", params.Size), params.Read(v, "direction", way)
			},
		},
		{
			name: "network.delay", summary: "bytes come later; order and throughput stay", do: Delay, serves: true,
			own:  append(params.Delays(second, "how much later; with p99, the median"), direction("out")),
			fits: params.DelayFits,
			fill: func(v params.Values, r *Rule) { delays(v, r); r.Way = params.Read(v, "direction", way) },
		},
		{
			name: "network.loss", summary: "packets are lost; not on a link, where TCP hides it", do: Nothing,
			own: []faults.Parameter{params.New("share", "of the packets", "50%", params.Share)},
			fits: func(params.Values) error {
				return errors.New("a link carries what TCP has put in order, and TCP hides a loss behind a delay: write network.delay, with p99 for its tail, or break a target of kind network")
			},
			fill: func(params.Values, *Rule) {},
		},
		{
			name: "network.partition", summary: "nothing flows and connections stay open; what was held flows on afterwards", do: Partition,
			own:  []faults.Parameter{direction("both")},
			fill: func(v params.Values, r *Rule) { r.Way = params.Read(v, "direction", way) },
		},
		{name: "network.reset", summary: "connections are reset (RST), those that are open and new ones", do: Reset},
	}
}

const second = "1000ms"

func (k kind) describe() faults.Kind {
	out := faults.Kind{Name: k.name, Summary: k.summary, Risk: faults.Caution, Serves: k.serves, Breaks: []spec.TargetKind{spec.LinkKind}, Parameters: k.own}
	if k.fits != nil {
		out.Together = func(with map[string]string) error { return k.fits(params.Values{With: with, Parameters: k.own}) }
	}
	return out
}

// Kinds describes the faults of a link, in the order of their names.
func Kinds() []faults.Kind {
	var out []faults.Kind
	for _, k := range kinds() {
		out = append(out, k.describe())
	}
	return out
}

// Read makes the rule that a fault of a document asks for. id is that of the
// receipt. An error is faults.ErrRefused and joins all that is wrong, each
// with what to write instead.
func Read(id, link, name string, with map[string]string) (Rule, error) {
	var names []string
	for _, k := range kinds() {
		if k.name != name {
			names = append(names, k.name)
			continue
		}
		if err := k.describe().CheckWith(with); err != nil {
			return Rule{}, err
		}
		r := Rule{ID: id, Fault: name, Link: link, Do: k.do}
		if k.fill != nil {
			k.fill(params.Values{With: with, Parameters: k.own}, &r)
		}
		return r, nil
	}
	return Rule{}, fmt.Errorf("%w: a link has no fault %q: %s", faults.ErrRefused, name, spec.DidYouMean(name, names))
}

func delays(v params.Values, r *Rule) {
	r.Delay, r.Jitter, r.P99 = params.Read(v, "delay", params.Duration), params.Read(v, "jitter", params.Duration), params.Read(v, "p99", params.Duration)
}

func direction(otherwise string) faults.Parameter {
	return params.New("direction", "which way, as seen from who connects: both, out or in", otherwise, way)
}

func way(text string) (Way, error) {
	i, err := params.Word("both", "out", "in")(text)
	return Way(i), err
}

func status(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 400 || n > 599 {
		return 0, fmt.Errorf("%q: write a status from 400 to 599, such as 503", text)
	}
	return n, nil
}
