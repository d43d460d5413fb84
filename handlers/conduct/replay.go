package conduct

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/handlers/judging"
)

// replay brings a new judge to where the last one was and returns the last
// recorded tick. Each tick is judged on the state that it names, as it was
// when it was live. Ticks are recorded only once the baseline has begun, so
// that who began it need not read those of every other experiment.
func (l *leader) replay(ctx context.Context, j *judging.Judge) (events.Tick, error) {
	if l.fresh {
		return events.Tick{}, nil
	}
	ticks, err := l.Replay(ctx, l.id)
	if err != nil {
		return events.Tick{}, fmt.Errorf("reading back the ticks of experiment %s: %w", l.id, err)
	}
	var last events.Tick
	for _, t := range ticks {
		if t.Seq <= last.Seq {
			continue // of two lives that overlapped, the first counts
		}
		j.Tick(l.Log.StateAt(l.id, t.Version), t)
		last = t
	}
	return last, nil
}

// gapAfter begins where the record of an earlier life ends, or with the
// baseline where that life left no record.
func (l *leader) gapAfter(last events.Tick) *events.Gap {
	if l.fresh {
		return nil
	}
	from := last.At
	if last.Seq == 0 {
		from = l.Log.State(l.id).Began
	}
	return &events.Gap{From: from, Why: "the pipeline was restarted"}
}

// gapAt goes on with a gap, or begins one at a tick that found no room.
func gapAt(open *events.Gap, t events.Tick) *events.Gap {
	if open != nil {
		return open
	}
	return &events.Gap{From: t.At, Why: "Kafka took no readings for too long"}
}
