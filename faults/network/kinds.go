package network

import (
	"errors"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/params"
	"github.com/k2-platform/faultline/spec"
)

// The kinds of fault, as documents name them.
const (
	Partition = "network.partition"
	Loss      = "network.loss"
	Delay     = "network.delay"
	Bandwidth = "network.bandwidth"
	Reset     = "network.reset"
	DNS       = "network.dns"
)

// Kinds describes the faults, in the order of their names. Who breaks other
// kinds of target by them adds those to Breaks.
func Kinds() []faults.Kind {
	breaks := []spec.TargetKind{spec.NetworkKind}
	return []faults.Kind{
		{
			Name: Bandwidth, Risk: faults.Caution, Breaks: breaks, Serves: true,
			Summary: "the target's traffic flows no faster than a rate, all connections together, each direction for itself",
			Parameters: []faults.Parameter{
				params.New("bytes_per_second", "such as 1MiB or 500KB", "", params.Size), direction("both"),
			},
			Together: func(w map[string]string) error {
				if w["bytes_per_second"] == "" {
					return errors.New("bytes_per_second is missing: write bytes_per_second: 1MiB")
				}
				return nil
			},
		},
		{
			Name: Delay, Risk: faults.Caution, Breaks: breaks, Serves: true,
			Summary: "what the target sends, or gets, comes later; order stays",
			Parameters: []faults.Parameter{
				params.New("delay", "how much later", "1000ms", params.Duration),
				params.New("jitter", "up to so much more or less, drawn each time", "", params.Duration), direction("out"),
			},
			Together: delayFits,
		},
		{
			Name: DNS, Risk: faults.Caution, Breaks: breaks,
			Summary: "what the target's namespace asks of name servers (port 53, UDP and TCP) has no answer, or is refused",
			Parameters: []faults.Parameter{
				params.New("how", "timeout: the answers are lost; refused: nobody takes the question", timeout, params.Word(timeout, refused)),
			},
		},
		{
			Name: Loss, Risk: faults.Caution, Breaks: breaks, Serves: true,
			Summary:    "a share of the target's packets is lost, drawn for each",
			Parameters: []faults.Parameter{params.New("share", "of the packets, from 0 to 1 or in %", "50%", params.Share), direction("both")},
		},
		{
			Name: Partition, Risk: faults.Caution, Breaks: breaks,
			Summary:    "the target's traffic is lost, on connections that are open, too",
			Parameters: []faults.Parameter{direction("both")},
		},
		{
			Name: Reset, Risk: faults.Caution, Breaks: breaks,
			Summary:    "connections to the target are reset (RST) by their next packet, new ones refused",
			Parameters: []faults.Parameter{direction("both")},
		},
	}
}

// Of network.dns.
const (
	timeout = "timeout"
	refused = "refused"
)

// As the target sees it.
const (
	in   = "in"
	out  = "out"
	both = "both"
)

func direction(otherwise string) faults.Parameter {
	return params.New("direction", "in: what comes to the target; out: what it sends; both", otherwise, params.Word(in, out, both))
}

func delayFits(w map[string]string) error {
	delay, err := params.Duration(w["delay"])
	if w["delay"] == "" {
		delay, err = params.Duration("1000ms")
	}
	if err != nil || w["jitter"] == "" {
		return err
	}
	jitter, err := params.Duration(w["jitter"])
	if err == nil && jitter > delay {
		err = errors.New("jitter " + jitter.String() + " is longer than delay " + delay.String() + ", and nothing comes early: write less")
	}
	return err
}
