package audit

import (
	"context"
	"fmt"

	"github.com/k2-platform/faultline/projections/account"
)

// Out is handed, while the audit runs, each record that is not stored once, as
// it was sent and in time, and each dead letter of a record of the window: every
// one of them, once, in no order. An error of it ends the audit. Where the report
// says that the audit could not be ended, what was handed on is not all, and
// may be of classes that were not the last word.
type Out interface {
	Record(ctx context.Context, c account.Class, e Example) error
	// Letter is called with bytes that are valid during the call.
	Letter(ctx context.Context, d Dead) error
}

// refusedError is what Out answered.
type refusedError struct {
	what string
	why  error
}

func (e *refusedError) Error() string { return "telling of " + e.what + ": " + e.why.Error() }
func (e *refusedError) Unwrap() error { return e.why }

// mostExplained is how many records are read once more, one by one, to say of
// them in what they differ. The others are told without that.
const mostExplained = 200

// tell hands on the records of a group.
func (g *group) tell(ctx context.Context, told []int32) error {
	if g.Out == nil {
		return nil
	}
	for _, i := range told {
		one := g.example(i)
		if one.row != nil && g.explained < mostExplained {
			g.explained++
			one.Differ = g.differences(ctx, one)
		}
		if err := g.Out.Record(ctx, g.classify(g.entries[i]), one.Example); err != nil {
			return &refusedError{"records", err}
		}
	}
	return nil
}

// bury hands on the dead letters of a group's records, now that it is known what
// became of those. The sources are read again for it, so that no letter is kept.
func (g *group) bury(ctx context.Context) error {
	left := make(map[int32]int)
	for i := range g.entries {
		if n := g.entries[i].Letters; n > 0 {
			left[int32(i)] = n
		}
	}
	if g.Out == nil || len(left) == 0 {
		return nil
	}
	var refused error
	for _, letters := range g.Letters {
		err := letters.Letters(ctx, func(l Letter) error {
			i, ok := g.recordOf(l)
			if !ok || left[i] == 0 {
				return nil // of another group, or written since
			}
			left[i]--
			e := g.entries[i]
			refused = g.Out.Letter(ctx, Dead{Letter: l, Of: e.at, Class: g.classify(e), Resolved: e.Rows > 0})
			return refused
		})
		if refused != nil {
			return &refusedError{"dead letters", refused}
		}
		if err := g.again(ctx, "dead letters", err); err != nil {
			return err
		}
	}
	var missing int
	for _, n := range left {
		missing += n
	}
	if missing > 0 {
		g.unread(Unread{Source: "dead letters", Why: fmt.Sprintf("%d of them are no longer there", missing)})
	}
	return nil
}
