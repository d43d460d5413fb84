package blastradius_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/rules/blastradius"
)

// Sydney's clocks go from 02:00 to 03:00 on Sunday 2026-10-04, and from 03:00
// back to 02:00 on Sunday 2026-04-05.
func TestWindows(t *testing.T) {
	night := `{days: [fri, sat], from: "22:00", to: "06:00", time_zone: Australia/Sydney}`
	small := `{from: "02:00", to: "03:00", time_zone: Australia/Sydney}`
	office := `{days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00", time_zone: Europe/Berlin}`
	for _, c := range []struct {
		window, at string
		open       bool
	}{
		{office, "2026-11-25T08:00:00Z", true},  // 09:00 in winter
		{office, "2026-11-25T07:59:59Z", false}, // 08:59
		{office, "2026-07-01T07:00:00Z", true},  // 09:00 in summer
		{office, "2026-07-01T15:00:00Z", false}, // 17:00 is its end
		{office, "2026-11-28T10:00:00Z", false}, // Saturday
		{office, "2026-11-29T23:30:00Z", false}, // 00:30 on Monday, before it opens
		// Past midnight: it belongs to the day on which it begins.
		{night, "2026-11-27T22:00:00+11:00", true},  // Friday
		{night, "2026-11-28T05:59:00+11:00", true},  // Saturday, from Friday's
		{night, "2026-11-28T06:00:00+11:00", false}, // over
		{night, "2026-11-29T05:59:00+11:00", true},  // Sunday, from Saturday's
		{night, "2026-11-29T22:00:00+11:00", false}, // Sunday has none of its own
		{night, "2026-11-27T05:00:00+11:00", false}, // Friday, but Thursday has none
		// Daylight saving begins within Saturday's window: it is an hour shorter.
		{night, "2026-10-03T15:59:59Z", true}, // Sunday 01:59:59+10
		{night, "2026-10-03T16:00:00Z", true}, // Sunday 03:00:00+11
		{night, "2026-10-03T18:59:59Z", true}, // Sunday 05:59:59+11
		{night, "2026-10-03T19:00:00Z", false},
		// The hour that is left out is in no window.
		{small, "2026-10-03T15:59:59Z", false},
		{small, "2026-10-03T16:00:00Z", false},
		// The hour that comes twice is in it both times.
		{small, "2026-04-04T14:59:59Z", false}, // 01:59:59+11
		{small, "2026-04-04T15:30:00Z", true},  // 02:30+11
		{small, "2026-04-04T16:30:00Z", true},  // 02:30+10
		{small, "2026-04-04T17:00:00Z", false}, // 03:00+10
		{`{from: "00:00", to: "24:00", time_zone: UTC}`, "2026-11-25T23:59:59Z", true},
		{`{days: [wed], from: "18:00", to: "24:00", time_zone: UTC}`, "2026-11-26T00:00:00Z", false},
		{`{days: [wed], from: "18:00", to: "00:00", time_zone: UTC}`, "2026-11-25T23:59:59Z", true},
		{office + ", " + night, "2026-11-28T05:59:00+11:00", true}, // one of several
	} {
		t.Run(fmt.Sprintf("%s %s", c.at, c.window), func(t *testing.T) {
			p := parse(t, "faultline_policy: v1\nname: n\nenvironments:\n  staging:\n    allows: {caution: [all_services]}\n    windows: ["+c.window+"]\n")
			in := inputs()
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			in.At = at
			d := blastradius.Decide(p, in)
			assert.Equal(t, c.open, d.Allowed, d.Reasons)
			if !c.open {
				assert.Contains(t, d.Reasons[0], "window: it is "+at.UTC().Format("Mon 15:04"))
			}
			in.At = time.Time{}
			assert.False(t, blastradius.Decide(p, in).Allowed, "without the time a window is closed")
		})
	}
}
