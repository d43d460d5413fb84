package conduct

import (
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// errOtherwise says that the log did not come to say what ticks were judged by.
var errOtherwise = errors.New("the log says otherwise than was foreseen while Kafka was away")

// promise is what ticks were judged by that the log has yet to say: which
// command leads to which version. The zero value promises nothing.
type promise struct {
	open []promised // by version
	from time.Time  // of the first tick that was judged by a broken one
}

type promised struct {
	version uint64
	command string
	at      time.Time // of the first tick that was judged by it
}

// check compares with the log, as far as that is.
func (p *promise) check(log experiment.State) error {
	for len(p.open) > 0 && p.open[0].version <= log.Version {
		if causes := log.Causes(p.open[0].version - 1); causes[0] != p.open[0].command {
			return p.broken(p.open[0], "came from "+causes[0])
		}
		p.open = p.open[1:]
	}
	return nil
}

// make notes what a tick is judged by: a state whose last versions are
// foreseen. It must go on from what was foreseen before.
func (p *promise) make(s experiment.State, foreseen []string, at time.Time) error {
	known := s.Version - uint64(len(foreseen))
	last := known
	for _, o := range p.open {
		switch {
		case o.version > s.Version:
			return p.broken(o, "did not come")
		case o.version > known && foreseen[o.version-known-1] != o.command:
			return p.broken(o, "is to come from "+foreseen[o.version-known-1])
		}
		last = max(last, o.version)
	}
	for version := last + 1; version <= s.Version; version++ {
		p.open = append(p.open, promised{version, foreseen[version-known-1], at})
	}
	return nil
}

// keep compares what a recorded tick was judged by with a log that is as far.
func (p *promise) keep(log experiment.State, t events.Tick) error {
	if uint64(len(t.Foreseen)) > t.Version {
		return fmt.Errorf("tick %d of experiment %s foresees %d of %d versions: it is not ours", t.Seq, t.Experiment, len(t.Foreseen), t.Version)
	}
	if err := p.make(experiment.State{Version: t.Version}, t.Foreseen, t.At); err != nil {
		return err
	}
	return p.check(log)
}

func (p *promise) broken(o promised, what string) error {
	p.from = o.at
	return fmt.Errorf("%w: version %d was to come from %s and %s", errOtherwise, o.version, o.command, what)
}
