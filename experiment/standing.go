package experiment

import "github.com/k2-platform/faultline/events"

// Claim is the answer to a claim as it stands, and whether there is one yet.
func (s State) Claim(c events.Claim, rule string) (answer events.Answer, judged bool) {
	e, ok := s.Claims[claimKey(c, rule)]
	return e.Answer, ok
}

// RecoveryAnswer says whether the target came back in the time that the
// hypothesis gives it. It is unknown until that was measured.
func (s State) RecoveryAnswer() events.Answer {
	answer, _ := recovered(s)
	return answer
}

// LossAnswer says whether no more records went missing than the hypothesis
// tolerates. It is unknown until the books are closed.
func (s State) LossAnswer() events.Answer {
	answer := events.Holds
	for _, l := range losses(s) {
		if l.answer == events.Violated {
			return events.Violated
		}
		answer = l.answer
	}
	return answer
}
