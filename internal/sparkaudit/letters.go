package sparkaudit

import "fmt"

// tellLetters expects no dead letter that waits for somebody.
func tellLetters(_ Options, rows []found) ([]Row, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	f := &rows[0]
	n := f.number("amount")
	row := Row{Expected: "0", Actual: fmt.Sprint(n), Answer: answer(n == 0), Evidence: "no dead letter of the window is unresolved"}
	if n > 0 {
		row.Evidence = fmt.Sprintf("%d classes of error, such as %s. SELECT * FROM chaos.dlq_audit WHERE NOT resolved AND part = 1", f.number("classes"), f.text("first_class"))
	}
	return []Row{row}, f.err
}
