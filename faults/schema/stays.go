package schema

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults"
)

var _ faults.Leaver = Driver{}

// Stays says which id and number of a version are used up: the registry has
// deleted it softly and gives neither to another.
func (Driver) Stays(ctx context.Context, r faults.Receipt) (left []string, err error) {
	err = on(r, func(g *registry, u undo) error {
		if u.schema == nil {
			return nil
		}
		found, there, err := g.find(sr.WithParams(ctx, sr.ShowDeleted), u.subject, *u.schema)
		switch {
		case err != nil:
			return err
		case there:
			left = append(left, fmt.Sprintf("schema id %d and version %d of subject %s are used up: the version is deleted softly, so that records written with it can still be read",
				found.ID, found.Version, u.subject))
		default:
			left = append(left, fmt.Sprintf("the registry shows no deleted version of subject %s with the fault's schema: where one was registered, its id is used up", u.subject))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("asking what %s leaves on %s: %w", r.Kind, r.Target, err)
	}
	return left, nil
}
