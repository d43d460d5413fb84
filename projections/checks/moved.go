package checks

import (
	"context"
	"errors"
	"fmt"

	"github.com/k2-platform/faultline/internal/lake"
)

// looks is how often a table is looked at that goes on meanwhile.
const looks = 4

// still looks at a table until what is wrong was wrong in one state of it: a
// writer that goes on takes away the files of snapshots that it expires, and
// that is no damage. What looks well at once is well.
func still(ctx context.Context, in Input, look func(*lake.Anatomy) (examples, Cost, error)) (found examples, cost Cost, err error) {
	for range looks {
		var before, after *lake.Anatomy
		if before, err = in.anatomy(ctx); err != nil {
			return examples{}, cost, err
		}
		var c Cost
		found, c, err = look(before)
		cost.Rows, cost.Bytes = cost.Rows+c.Rows, cost.Bytes+c.Bytes
		if err == nil && found.n == 0 {
			return found, cost, nil
		}
		var asked error
		if after, asked = in.anatomy(ctx); asked != nil {
			return examples{}, cost, errors.Join(err, asked)
		}
		if after.Metadata == before.Metadata {
			return found, cost, err
		}
	}
	return examples{}, cost, errors.Join(fmt.Errorf("the table was written to at each of %d looks; when it last was, this was wrong: %s", looks, found.String()), err)
}
