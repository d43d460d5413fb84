package sparkaudit

import "fmt"

// tellStays counts the records of the older snapshot, and those that are there
// as they were.
func tellStays(o Options, rows []found) ([]Row, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	f := &rows[0]
	row := Row{
		Expected: f.text("expected"), Actual: f.text("actual"), Answer: answer(f.number("expected") == f.number("actual")),
		Evidence: fmt.Sprintf("all that snapshot %d has of the window is there as it was", o.Before),
	}
	if gone, changed := f.number("gone"), f.number("changed"); gone > 0 || changed > 0 {
		row.Evidence = fmt.Sprintf("since snapshot %d: %d keys gone, %d changed, such as %s", o.Before, gone, changed, f.text("first_key"))
	}
	return []Row{row}, f.err
}
