package report

import (
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/events"
)

// checks counts those that hold and names the others.
func checks(all []events.IntegrityCheck) string {
	held := 0
	named := map[events.Answer][]string{}
	for _, c := range all {
		switch c.Answer {
		case events.Holds:
			held++
		case events.Violated, events.Unknown:
			named[c.Answer] = append(named[c.Answer], c.Check)
		}
	}
	parts := []string{fmt.Sprintf("%d of %d hold", held, len(all))}
	for _, a := range []events.Answer{events.Violated, events.Unknown} {
		if names := named[a]; len(names) > 0 {
			parts = append(parts, a.String()+": "+strings.Join(names, ", "))
		}
	}
	return strings.Join(parts, "; ")
}
