package sparkaudit

import (
	"fmt"
	"strings"
)

// tellKeys counts the keys that stand more than once, and for one the rows that
// have none.
func tellKeys(o Options, rows []found) ([]Row, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	first := &rows[0]
	records, keyless, doubled := first.number("records"), first.number("keyless"), first.number("doubled")
	wrong, named := doubled, int64(0)
	var parts []string
	if keyless > 0 {
		wrong++
		parts = append(parts, fmt.Sprintf("%d rows have no key", keyless))
	}
	for i := range rows {
		if f := &rows[i]; !f.null("record_key") {
			named++
			parts = append(parts, fmt.Sprintf("%s stands %d times", f.text("record_key"), f.number("copies")))
		}
		if err := rows[i].err; err != nil {
			return nil, err
		}
	}
	if doubled > named {
		parts = append(parts, fmt.Sprintf("and %d more", doubled-named))
	}
	row := Row{Expected: "0", Actual: fmt.Sprint(wrong), Answer: answer(wrong == 0)}
	if wrong == 0 {
		row.Evidence = fmt.Sprintf("%d rows of %s have one key each, and no two the same", records, o.Table)
	} else {
		row.Evidence = fmt.Sprintf("%s. SELECT %[2]s, count(*) FROM %[3]s GROUP BY %[2]s HAVING count(*) > 1", strings.Join(parts, "; "), o.Columns.Key, o.Table)
	}
	return []Row{row}, nil
}
