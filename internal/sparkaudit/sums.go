package sparkaudit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measure is one thing that is summed: its name in the SQL, and its check.
type measure struct{ name, check string }

func (o Options) measures() []measure {
	price, quantity := o.Columns.Price, o.Columns.Quantity
	return []measure{
		{"count", "window_count"},
		{"price", "window_sum_" + price},
		{"quantity", "window_sum_" + quantity},
		{"turnover", "window_sum_" + price + "_x_" + quantity},
		{"times", "window_times"},
	}
}

// tellSums gives of each measure one row where all slots agree, else one for
// each of the first that do not.
func tellSums(o Options, rows []found) ([]Row, error) {
	var out []Row
	for _, m := range o.measures() {
		own, more, err := o.slots(m, rows)
		if err != nil {
			return nil, err
		}
		if more > int64(len(own)) && own[0].Answer != answer(true) {
			own[len(own)-1].Evidence += fmt.Sprintf("; and %d more windows differ", more-int64(len(own)))
		}
		out = append(out, own...)
	}
	return out, nil
}

// slots are the rows of one measure in the order of time, and how many slots
// there are in all that are so.
func (o Options) slots(m measure, rows []found) (out []Row, amount int64, err error) {
	type slot struct {
		Row
		by string
	}
	var all []slot
	for i := range rows {
		f := &rows[i]
		if f.text("measure") != m.name {
			continue
		}
		amount = f.number("amount")
		s := slot{by: f.text("exchange") + "\x00" + f.text("symbol")}
		s.Row = Row{Check: m.check, From: f.instant("slot_from"), To: f.instant("slot_to")}
		s.Expected, s.Actual = o.value(m, f, "expected"), o.value(m, f, "actual")
		if s.Answer = answer(f.null("slot_from")); f.null("slot_from") {
			s.Evidence = fmt.Sprintf("%d windows of a %s by %s, %s agree", amount, o.slot(), o.Columns.Exchange, o.Columns.Symbol)
		} else {
			s.Evidence = o.query(f.text("exchange"), f.text("symbol"), s.From, s.To)
		}
		if f.err != nil {
			return nil, 0, f.err
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, 0, fmt.Errorf("there is nothing about %s", m.check)
	}
	slices.SortFunc(all, func(a, b slot) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.by, b.by)) })
	for _, s := range all {
		out = append(out, s.Row)
	}
	return out, amount, nil
}

// value is as the SQL has it, but for times, which come as microseconds.
func (o Options) value(m measure, f *found, column string) string {
	text := f.text(column)
	if m.name != "times" {
		return cut(text, o.digits(m))
	}
	if text == "" {
		return "none"
	}
	first, last, _ := strings.Cut(text, " ")
	at := func(micros string) string {
		n, err := strconv.ParseInt(micros, 10, 64)
		f.keep(column, err)
		return time.UnixMicro(n).UTC().Format("2006-01-02T15:04:05.000000Z")
	}
	return at(first) + " to " + at(last)
}

// digits are those after the point that the SQL gives of a measure and its
// columns do not have.
func (o Options) digits(m measure) int {
	const compared = 8 // by the SQL
	over := func(scale int) int {
		if scale == 0 {
			return 0
		}
		return max(compared-scale, 0)
	}
	switch m.name {
	case "price":
		return over(o.PriceScale)
	case "quantity":
		return over(o.QuantityScale)
	case "turnover":
		return over(o.PriceScale) + over(o.QuantityScale)
	}
	return 0
}

// cut leaves out the last digits, where they are zeros.
func cut(text string, digits int) string {
	short, zeros := text[:max(len(text)-digits, 0)], text[max(len(text)-digits, 0):]
	if strings.Trim(zeros, "0") != "" {
		return text
	}
	return short
}

// query shows the table's side of a slot.
func (o Options) query(exchange, symbol string, from, to time.Time) string {
	c := o.Columns
	return fmt.Sprintf("SELECT count(*), sum(%[1]s), sum(%[2]s), sum(%[1]s * %[2]s), min(%[3]s), max(%[3]s) FROM %[4]s"+
		" WHERE %[5]s = %[6]s AND %[7]s = %[8]s AND %[3]s >= %[9]s AND %[3]s < %[10]s",
		c.Price, c.Quantity, c.Time, o.Table, c.Exchange, literal(exchange), c.Symbol, literal(symbol), instant(from), instant(to))
}
