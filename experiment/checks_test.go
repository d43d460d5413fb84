package experiment_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/spec"
)

// Books as they may be when the integrity checks have looked at the table.
func closedBooks() events.BooksClosed { return classes(map[string]int64{"stored_once": 10}) }

func openBooks() events.BooksClosed {
	return events.BooksClosed{Why: "reading the table: a file is not there"}
}

func noLedger() events.BooksClosed { return events.BooksClosed{Balanced: true} }

func unheardLedger() events.BooksClosed {
	b := closedBooks()
	b.Balanced, b.Why, b.Ledger.Complete = false, "a source was away", false
	return b
}

func uncounted() events.BooksClosed {
	b := closedBooks()
	b.Balanced, b.Why, b.Truth = false, "ground truth incomplete", &events.GroundTruth{}
	return b
}

// TestWhatAnIntegrityCheckSaysOfAVerdict is the truth table of one check beside
// books that are closed, or open for one of the reasons there are. What a check of
// the table has seen is seen, whatever else could not be read. One that compares
// log and table does not know which records differ: where some may, that is for
// a complete ledger to count; and where it is not known what the faults changed
// nobody can tell.
func TestWhatAnIntegrityCheckSaysOfAVerdict(t *testing.T) {
	const (
		upheld, refuted, open = events.Upheld, events.Refuted, events.Inconclusive
		none, some            = false, true
	)
	for _, row := range []struct {
		books     func() events.BooksClosed
		tolerates bool
		check     string
		holds     events.Verdict
		unknown   events.Verdict
		violated  events.Verdict
	}{
		{closedBooks, none, "files_present", upheld, open, refuted},
		{closedBooks, some, "files_present", upheld, open, refuted},
		{closedBooks, none, "window_count", upheld, open, refuted},
		{closedBooks, some, "window_count", upheld, open, upheld},

		{noLedger, none, "window_count", upheld, open, refuted},
		{noLedger, some, "window_count", upheld, open, open},

		{openBooks, none, "files_present", open, open, refuted},
		{openBooks, some, "files_present", open, open, refuted},
		{openBooks, none, "window_count", open, open, refuted},
		{openBooks, some, "window_count", open, open, open},

		{unheardLedger, none, "snapshot_chain", open, open, refuted},
		{unheardLedger, some, "snapshot_chain", open, open, refuted},
		{unheardLedger, none, "sequence_seq", open, open, refuted},
		{unheardLedger, some, "sequence_seq", open, open, open},

		{uncounted, none, "key_unique", open, open, refuted},
		{uncounted, some, "key_unique", open, open, refuted},
		{uncounted, none, "window_digest", open, open, open},
		{uncounted, some, "window_digest", open, open, open},
	} {
		var allowed spec.Loss
		if row.tolerates {
			allowed = spec.Loss{Acked: 1, Altered: 1}
		}
		for answer, want := range map[events.Answer]events.Verdict{
			events.Holds: row.holds, events.Unknown: row.unknown, events.Violated: row.violated,
		} {
			b := row.books()
			b.Checks = []events.IntegrityCheck{{Check: row.check, Answer: answer, Expected: "9 files", Actual: "8 files", Evidence: "data/1.parquet"}}
			s := closedWith(t, allowed, b)
			if s.Verdict != want {
				t.Errorf("%s, books open for %q, tolerating %+v: %s is %s: %s, %q; want %s", row.check, b.Why, allowed, row.check, answer, s.Verdict, s.Reasons, want)
			}
			if names := slices.Contains(named(s), "integrity_check"); names != (answer != events.Holds && want != upheld) {
				t.Errorf("%s is %s: reasons are %q", row.check, answer, s.Reasons)
			}
			if want == open && !b.Balanced && !strings.HasPrefix(s.Reasons[0], "books_open: "+b.Why) {
				t.Errorf("%s is %s: reasons are %q; the first is to say why the books are open", row.check, answer, s.Reasons)
			}
		}
	}
}

// TestOneCheckThatIsViolatedOutweighsAllThatHaveNoAnswer, and the reasons are
// what refutes.
func TestOneCheckThatIsViolatedOutweighsAllThatHaveNoAnswer(t *testing.T) {
	b := openBooks()
	for _, name := range []string{"snapshot_chain", "files_present", "key_unique"} {
		b.Checks = append(b.Checks, events.IntegrityCheck{Check: name, Evidence: "the store is away"})
	}
	b.Checks[1].Answer = events.Violated
	if s := closedWith(t, spec.Loss{}, b); s.Verdict != events.Refuted || len(s.Reasons) != 1 || !strings.Contains(s.Reasons[0], "files_present") {
		t.Errorf("%s, %q", s.Verdict, s.Reasons)
	}
	b.Checks[1].Answer = events.Unknown
	if s := closedWith(t, spec.Loss{}, b); s.Verdict != events.Inconclusive || len(s.Reasons) != 4 {
		t.Errorf("%s, %q; want the books, and each check that has no answer", s.Verdict, s.Reasons)
	}
}

// TestACheckOfManyWindowsIsOneReason, of which a person can read all.
func TestACheckOfManyWindowsIsOneReason(t *testing.T) {
	b := closedBooks()
	for range 40 {
		for _, name := range []string{"window_count", "window_digest"} {
			b.Checks = append(b.Checks, events.IntegrityCheck{
				Check: name, Answer: events.Violated, Expected: "947", Actual: "1028", Evidence: "SELECT " + strings.Repeat("a column, ", 100),
			})
		}
	}
	s := closedWith(t, spec.Loss{}, b)
	if s.Verdict != events.Refuted || len(s.Reasons) != 2 {
		t.Fatalf("%s, %q", s.Verdict, s.Reasons)
	}
	for i, name := range []string{"window_count", "window_digest"} {
		if r := s.Reasons[i]; !strings.HasPrefix(r, "integrity_check: "+name+": expected 947, found 1028: SELECT a column") ||
			!strings.HasSuffix(r, "…; and 39 more of this check") || len(r) > 300 {
			t.Errorf("%q", r)
		}
	}
}

// TestNoCountOfOpenBooksRefutes: what is missing from them may be what was not
// read.
func TestNoCountOfOpenBooksRefutes(t *testing.T) {
	b := events.BooksClosed{Why: "a source was away", Lost: 9, LostAcked: 9, LossFraction: 1, StoredTwice: 9, Altered: 9, FalseRejects: 9}
	if s := closedWith(t, spec.Loss{}, b); s.Verdict != events.Inconclusive || !slices.Equal(named(s), []string{"books_open"}) {
		t.Errorf("%s, %q", s.Verdict, s.Reasons)
	}
}
