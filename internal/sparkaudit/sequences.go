package sparkaudit

import (
	"fmt"
	"strings"
)

// tellSequences counts the gaps, and the sequences in which numbers stand more
// than once.
func tellSequences(o Options, rows []found) ([]Row, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	sequences, wrong := rows[0].number("sequences"), rows[0].number("amount")
	if sequences == 0 && o.Sequences == nil {
		return nil, rows[0].err // no number to look at
	}
	beside := ""
	if o.Sequences != nil {
		beside = " that the log has not"
	}
	var parts []string
	for i := range rows {
		f := &rows[i]
		of := o.Columns.Sequence
		if key := f.text("sequence_of"); key != "" {
			of += " of " + key
		}
		switch {
		case !f.null("first_missing"):
			missing := f.text("first_missing")
			if last := f.text("last_missing"); last != missing {
				missing += " to " + last
			}
			parts = append(parts, fmt.Sprintf("%s: %s missing", of, missing))
		case !f.null("repeats"):
			parts = append(parts, fmt.Sprintf("%s: %d numbers there more than once", of, f.number("repeats")))
		}
		if f.err != nil {
			return nil, f.err
		}
	}
	if more := wrong - int64(len(parts)); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	row := Row{Expected: "0", Actual: fmt.Sprint(wrong), Answer: answer(wrong == 0), Evidence: strings.Join(parts, "; ")}
	if wrong == 0 {
		row.Evidence = fmt.Sprintf("%d sequences of %s have no gap%s, and no number twice", sequences, o.Columns.Sequence, beside)
	}
	return []Row{row}, nil
}
