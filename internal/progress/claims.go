package progress

import (
	"fmt"

	"github.com/k2-platform/faultline/events"
)

// claims is what the hypothesis says, each with its answer so far.
func (v View) claims() []string {
	d, s := v.Document, v.State
	var rows [][]string
	add := func(answer events.Answer, judged bool, claim, text string) {
		rows = append(rows, []string{answered(answer, judged), claim, oneLine(text)})
	}
	if d.Impact != nil {
		answer, judged := s.Claim(events.ClaimImpact, d.Impact.Rule)
		add(answer, judged, "impact", d.Impact.Rule)
	}
	for _, r := range d.Hypothesis.Maintains {
		answer, judged := s.Claim(events.ClaimMaintains, r.Expr)
		add(answer, judged, "maintains", r.Label())
	}
	add(s.RecoveryAnswer(), s.Recovery != nil, "recovery", "within "+d.Hypothesis.RecoversWithin.Seconds()+" of rollback")
	if l := d.Hypothesis.Tolerates; l != nil {
		add(s.LossAnswer(), s.Books != nil, "loss", fmt.Sprintf("at most %g %% of the records, %d acknowledged ones", l.Fraction*100, l.Acked))
	}
	return columns(rows)
}
