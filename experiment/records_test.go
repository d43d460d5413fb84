package experiment_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/spec"
)

// closedWith is a run in which all went well but for what its books say.
func closedWith(t *testing.T, tolerates spec.Loss, b events.BooksClosed) experiment.State {
	t.Helper()
	d := brokerStop()
	d.Hypothesis.Tolerates = &tolerates
	s := play(t, story(map[int]commands.Command{0: commands.Schedule{Document: d}, 9: commands.CloseBooks{BooksClosed: b}})...)
	if s.Phase != experiment.Concluded {
		t.Fatalf("the experiment is %s", s.Phase)
	}
	return s
}

func classes(is map[string]int64) events.BooksClosed {
	return events.BooksClosed{Balanced: true, Ledger: &events.RecordLedger{Complete: true, Classes: is}}
}

// TestEachWrongClassRefutesAndIsNamed, and no other does: one record of each
// class, beside many that are right.
func TestEachWrongClassRefutesAndIsNamed(t *testing.T) {
	wrong := map[string]string{
		"lost_acked": "lost_acked: 1 ", "altered": "altered: 1 ", "corrupted_accepted": "altered: 1 ", "stored_n": "stored_n: 1 ",
		"phantom": "phantom: 1 ", "stored_and_dead_lettered": "stored_and_dead_lettered: 1 ",
	}
	right := []string{
		"stored_once", "dead_lettered", "dropped_at_source", "unacked_present", "unacked_absent", "corrupted_rejected", "late",
	}
	for class, reason := range wrong {
		s := closedWith(t, spec.Loss{}, classes(map[string]int64{"stored_once": 1000, class: 1}))
		if s.Verdict != events.Refuted || len(s.Reasons) != 1 || !strings.HasPrefix(s.Reasons[0], reason) {
			t.Errorf("a record is %s: %s, %q; want it refuted for %q", class, s.Verdict, s.Reasons, reason)
		}
	}
	for _, class := range right {
		s := closedWith(t, spec.Loss{}, classes(map[string]int64{"stored_once": 1000, class: 1}))
		if s.Verdict != events.Upheld {
			t.Errorf("a record is %s: %s, %q; want it upheld", class, s.Verdict, s.Reasons)
		}
	}
	all := map[string]int64{}
	for class := range wrong {
		all[class] = 1
	}
	if s := closedWith(t, spec.Loss{}, classes(all)); s.Verdict != events.Refuted || len(s.Reasons) != 5 {
		t.Errorf("one of each wrong class: %s, %q; want five reasons, of which one is of two", s.Verdict, s.Reasons)
	}
}

// TestWhatTheDocumentToleratesIsTolerated up to its last record, and no
// document tolerates that records are stored twice.
func TestWhatTheDocumentToleratesIsTolerated(t *testing.T) {
	allowed := spec.Loss{Fraction: 0.25, Acked: 2, Altered: 3}
	for name, c := range map[string]struct {
		books events.BooksClosed
		want  []string
	}{
		"all that may be lost":    {classes(map[string]int64{"lost_acked": 2}), nil},
		"one too many":            {classes(map[string]int64{"lost_acked": 3}), []string{"lost_acked"}},
		"all that may be altered": {classes(map[string]int64{"altered": 2, "corrupted_accepted": 1}), nil},
		"one too many altered":    {classes(map[string]int64{"altered": 2, "corrupted_accepted": 2}), []string{"altered"}},
		"stored twice":            {classes(map[string]int64{"stored_n": 1}), []string{"stored_n"}},
		"the share that may be lost": {
			events.BooksClosed{Balanced: true, LossFraction: 0.25, Ledger: &events.RecordLedger{Complete: true}}, nil,
		},
		"a larger share": {
			events.BooksClosed{Balanced: true, LossFraction: 0.26, Ledger: &events.RecordLedger{Complete: true}}, []string{"loss_fraction"},
		},
	} {
		s := closedWith(t, allowed, c.books)
		got := named(s)
		if c.want == nil && s.Verdict != events.Upheld || c.want != nil && (s.Verdict != events.Refuted || !slices.Equal(got, c.want)) {
			t.Errorf("%s: %s, %q; want %v", name, s.Verdict, s.Reasons, c.want)
		}
	}
}

// named are the first words of the reasons.
func named(s experiment.State) []string {
	var out []string
	for _, r := range s.Reasons {
		word, _, _ := strings.Cut(r, ":")
		out = append(out, word)
	}
	return out
}

// TestWhatBooksAndLedgerBothSawIsSaidOnce, with the number of the books.
func TestWhatBooksAndLedgerBothSawIsSaidOnce(t *testing.T) {
	b := classes(map[string]int64{"lost_acked": 4, "altered": 5, "stored_n": 6})
	b.LostAcked, b.Altered, b.StoredTwice = 1, 2, 3
	s := closedWith(t, spec.Loss{}, b)
	if got := named(s); s.Verdict != events.Refuted || !slices.Equal(got, []string{"lost_acked", "stored_twice", "altered"}) {
		t.Errorf("%s, %q", s.Verdict, s.Reasons)
	}
}

// TestAnIncompleteLedgerLeavesTheVerdictOpen whoever closed the books, and
// whether or not he saw that they do not balance.
func TestAnIncompleteLedgerLeavesTheVerdictOpen(t *testing.T) {
	for _, balanced := range []bool{true, false} {
		b := classes(map[string]int64{"stored_once": 10})
		b.Balanced, b.Why = balanced, "a source was away"
		b.Ledger.Complete, b.Ledger.Why = false, "a source was away"
		s := closedWith(t, spec.Loss{}, b)
		if s.Verdict != events.Inconclusive || !slices.Equal(named(s), []string{"books_open"}) || !strings.Contains(s.Reasons[0], "a source was away") {
			t.Errorf("balanced %t: %s, %q", balanced, s.Verdict, s.Reasons)
		}
	}
	for _, l := range []events.RecordLedger{{Complete: true, Unknown: 1}, {Complete: true, Classes: map[string]int64{"in_flight": 1}}} {
		s := closedWith(t, spec.Loss{}, events.BooksClosed{Balanced: true, Ledger: &l})
		if s.Verdict != events.Inconclusive || !slices.Equal(named(s), []string{"books_open"}) {
			t.Errorf("%+v: %s, %q", l, s.Verdict, s.Reasons)
		}
	}
	// What is wrong for sure is wrong all the same.
	b := classes(map[string]int64{"stored_n": 1})
	b.Ledger.Complete, b.Ledger.Why = false, "a source was away"
	if s := closedWith(t, spec.Loss{}, b); s.Verdict != events.Refuted {
		t.Errorf("%s, %q", s.Verdict, s.Reasons)
	}
}

// TestBooksWithoutALedgerAreJudgedByTheirCounts as they were before there was
// one.
func TestBooksWithoutALedgerAreJudgedByTheirCounts(t *testing.T) {
	if s := closedWith(t, spec.Loss{}, events.BooksClosed{Balanced: true}); s.Verdict != events.Upheld {
		t.Errorf("%s, %q", s.Verdict, s.Reasons)
	}
	s := closedWith(t, spec.Loss{Acked: 1}, events.BooksClosed{Balanced: true, LostAcked: 2, StoredTwice: 1, Altered: 1})
	if got := named(s); s.Verdict != events.Refuted || !slices.Equal(got, []string{"lost_acked", "stored_twice", "altered"}) {
		t.Errorf("%s, %q", s.Verdict, s.Reasons)
	}
}
