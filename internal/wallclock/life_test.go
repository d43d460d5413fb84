package wallclock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/k2-platform/faultline/internal/wallclock"
)

func TestALifeGoesOnFromWhereItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		machine := time.Now()
		for name, c := range map[string]struct{ wall, notBefore, want time.Time }{
			"by the wall clock":        {machine, time.Time{}, machine},
			"by one that is ahead":     {machine.Add(time.Hour), machine, machine.Add(time.Hour)},
			"not before what was":      {machine, machine.Add(time.Hour), machine.Add(time.Hour)},
			"as soon as what was ends": {machine, machine, machine},
		} {
			l, began := wallclock.Begin(c.wall, c.notBefore), time.Now()
			assert.Equal(t, c.want.UTC(), l.Now(), name)
			assert.Equal(t, c.want.UTC().Add(-time.Second), l.Of(began.Add(-time.Second)), "%s: what was before it began", name)
		}
		l := wallclock.Begin(machine, time.Time{})
		time.Sleep(90 * time.Second) // of the bubble
		assert.Equal(t, machine.UTC().Add(90*time.Second), l.Now())
	})
}

// Outside a bubble times are monotonic, too: none of that reaches a record.
func TestALifeBearsNoMonotonicTime(t *testing.T) {
	l := wallclock.Begin(time.Now(), time.Time{})
	for _, at := range []time.Time{l.Now(), l.Of(time.Now()), wallclock.Begin(time.Time{}, time.Now()).Now()} {
		assert.Equal(t, at.Round(0), at)
	}
}
