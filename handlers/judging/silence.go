package judging

import (
	"fmt"
	"time"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
)

// countsAtMost is what one tick may add to a silence. The time that nobody
// ticked is none: what the publisher said meanwhile is still to be decided.
const countsAtMost = 2 * time.Second

// silence is for how long the publisher of an experiment has said nothing.
type silence struct {
	heard, tick time.Time
	lasted      time.Duration
}

// listen aborts what its publisher no longer keeps. A tick ahead of the log
// counts for nothing: Kafka is away, and with it the publisher's word.
func (j *Judge) listen(s experiment.State, t events.Tick) {
	lease := time.Duration(j.doc.Limits.PublisherLease)
	if lease == 0 {
		return
	}
	since := t.At.Sub(j.silence.tick)
	switch {
	case j.silence.tick.IsZero() || !s.Kept.Equal(j.silence.heard):
		j.silence.lasted = 0
	case len(t.Foreseen) == 0:
		j.silence.lasted += min(max(since, 0), countsAtMost)
	}
	j.silence.heard, j.silence.tick = s.Kept, t.At
	if j.silence.lasted > lease {
		j.owe(s, "silent", t, commands.Abort{Reason: fmt.Sprintf("its publisher was silent for more than %s, limits.publisher_lease", j.doc.Limits.PublisherLease)})
	}
}
