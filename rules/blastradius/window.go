package blastradius

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// window holds where one of the windows is open now, or none is written.
func window(env spec.EnvironmentPolicy, in events.RadiusInputs) events.RadiusRule {
	r := events.RadiusRule{Name: "window", Answer: events.Holds}
	if len(env.Windows) == 0 {
		return r
	}
	if in.At.IsZero() {
		return unknown(r, "it is not known what time it is", "at")
	}
	texts := make([]string, len(env.Windows))
	for i, w := range env.Windows {
		open, err := isOpen(w, in.At)
		if err != nil {
			return unknown(r, err.Error(), "at")
		}
		if open {
			r.Why = "within " + describe(w)
			return r
		}
		texts[i] = describe(w)
	}
	return violated(r, fmt.Sprintf("it is %s, outside of %s: wait, or ask for another window",
		in.At.UTC().Format("Mon 15:04 MST"), strings.Join(texts, " and ")))
}

// isOpen goes by the wall clock of the window's zone. An hour that a change
// of the clocks leaves out is in no window; one that comes twice is in it both
// times.
func isOpen(w spec.TimeWindow, at time.Time) (bool, error) {
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return false, fmt.Errorf("finding time zone %s: %w", w.TimeZone, err)
	}
	now := at.In(zone)
	clock := spec.ClockTime(now.Hour()*60 + now.Minute())
	on := func(day time.Weekday) bool {
		return len(w.Days) == 0 || slices.Contains(w.Days, spec.Weekdays()[day])
	}
	today, yesterday := now.Weekday(), (now.Weekday()+6)%7
	if w.From < w.To {
		return on(today) && clock >= w.From && clock < w.To, nil
	}
	return on(today) && clock >= w.From || on(yesterday) && clock < w.To, nil
}

func describe(w spec.TimeWindow) string {
	days := "every day"
	if len(w.Days) > 0 {
		days = strings.Join(w.Days, ", ")
	}
	return fmt.Sprintf("%s–%s %s (%s)", w.From, w.To, w.TimeZone, days)
}
