package checks

import (
	"context"
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/projections/digest"
)

// Unique expects each natural key to stand once in the table, and every row to
// have one. It reads the keys twice, and more often only where more keys than
// it holds share a slot of its filter: its memory is bounded whatever the number
// of rows. Two keys are the same to it where 128 bits of their digest are.
type Unique struct {
	// Slots is the power of two of slots in the filter, 27 where it is 0: 32 MiB,
	// in which ten million keys leave 4 % for the second reading.
	Slots int
	// Hold is how many keys are held at a time, two million where it is 0: some
	// 100 MiB at most.
	Hold int
}

// Name implements Check.
func (Unique) Name() string { return "key_unique" }

// Run implements Check.
func (u Unique) Run(ctx context.Context, in Input) ([]Result, error) {
	all := in.All
	if all == nil {
		all = in.Rows
	}
	if all == nil {
		return nil, fmt.Errorf("%w: the table's keys were not read", ErrNothing)
	}
	if u.Slots == 0 {
		u.Slots = 27
	}
	if u.Hold == 0 {
		u.Hold = 2_000_000
	}
	filter := newSlots(u.Slots)
	cost, err := all.Read(ctx, func() func(Record) error {
		return func(r Record) error { filter.add(digest.Of(r.Key), keyless(r.Key)); return nil }
	})
	if err != nil {
		return nil, fmt.Errorf("reading the keys of the table: %w", err)
	}
	rows := cost.Rows
	var wrong examples
	if n := filter.keyless.Load(); n > 0 {
		wrong.add("%d rows have no key", n)
	}
	for from := filter.first(); from != nil; {
		held := newHolder(*from, u.Hold)
		again, err := all.Read(ctx, func() func(Record) error {
			return func(r Record) error {
				if s := digest.Of(r.Key); filter.shared(s) {
					held.add(s, r.Key)
				}
				return nil
			}
		})
		cost.Rows, cost.Bytes = cost.Rows+again.Rows, cost.Bytes+again.Bytes
		if err != nil {
			return nil, fmt.Errorf("reading the keys of the table: %w", err)
		}
		if again.Rows != rows {
			return nil, fmt.Errorf("the table had %d rows, and %d when it was read again: both readings have to be of one snapshot", rows, again.Rows)
		}
		held.report(&wrong)
		from = held.next()
	}
	r := wrong.result(fmt.Sprintf("%d rows of %s have one key each, and no two the same", rows, in.Name))
	if wrong.n > 0 && len(in.Key) > 0 {
		columns := strings.Join(in.Key, ", ")
		r.Evidence += fmt.Sprintf(". SELECT %[1]s, count(*) FROM %[2]s GROUP BY %[1]s HAVING count(*) > 1", columns, in.Name)
	}
	r.Cost = cost
	return []Result{r}, nil
}

// keyless says that a part of the key is null.
func keyless(key []byte) bool {
	for rest := key; len(rest) > 0; {
		v, after, err := digest.Next(rest)
		if err != nil || v.Null() {
			return true
		}
		rest = after
	}
	return len(key) == 0
}

// told writes the values of a key.
func told(key []byte) string {
	var parts []string
	for rest := key; len(rest) > 0; {
		v, after, err := digest.Next(rest)
		if err != nil {
			return fmt.Sprintf("%x", key)
		}
		parts, rest = append(parts, v.String()), after
	}
	return strings.Join(parts, ", ")
}
