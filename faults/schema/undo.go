package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults"
)

// What a receipt holds.
const (
	undoRegistry = "registry"
	undoSubject  = "subject" // "" = the global level
	undoLatest   = "latest"  // version before, for people
	undoSchema   = "schema"  // that is registered, as JSON of Confluent's API
	undoLevel    = "level"   // that is changed, as JSON
	undoStays    = "stays"   // what rollback leaves, for people
	stays        = "the version is deleted softly: its number and its id stay used, so that records written with it can still be read"
)

// undo is a receipt of this package.
type undo struct {
	registry, subject, latest string
	schema                    *sr.Schema // nil: none is registered
	level                     *level     // nil: it stays
}

// level is a change of a compatibility level.
type level struct {
	On  string  `json:"on"` // subject, "" = the global one
	Set string  `json:"set"`
	Was *string `json:"was"` // nil: the subject follows the global one
	// Keep leaves it changed as long as the fault is there; otherwise it is
	// changed only for as long as a version is registered.
	Keep bool `json:"keep"`
}

func (u undo) write() (map[string]string, error) {
	out := map[string]string{undoRegistry: u.registry, undoSubject: u.subject}
	if u.schema != nil {
		text, err := json.Marshal(u.schema)
		if err != nil {
			return nil, err
		}
		out[undoSchema], out[undoLatest], out[undoStays] = string(text), u.latest, stays
	}
	if u.level != nil {
		text, err := json.Marshal(u.level)
		if err != nil {
			return nil, err
		}
		out[undoLevel] = string(text)
	}
	return out, nil
}

func read(from map[string]string) (undo, error) {
	u := undo{registry: from[undoRegistry], subject: from[undoSubject], latest: from[undoLatest]}
	var problems []error
	if text, ok := from[undoSchema]; ok {
		problems = append(problems, json.Unmarshal([]byte(text), &u.schema))
		if u.schema == nil || u.schema.Schema == "" || u.subject == "" {
			problems = append(problems, errors.New("it does not say which schema is registered where"))
		}
	}
	if text, ok := from[undoLevel]; ok {
		problems = append(problems, json.Unmarshal([]byte(text), &u.level))
		if u.level == nil || !known(u.level.Set) || u.level.Was != nil && !known(*u.level.Was) || u.level.Was == nil && u.level.On == "" {
			problems = append(problems, errors.New("it does not say which level was set, and which was there"))
		}
	}
	if u.registry == "" || u.schema == nil && u.level == nil {
		problems = append(problems, errors.New("it does not say what was done to which registry"))
	}
	return u, errors.Join(problems...)
}

// set says that the level is as the fault set it, and was another before.
func (l level) set(now *string) bool { return now != nil && *now == l.Set && !same(l.Was, now) }

// put sets the level. One that somebody else changed since the plan is left
// alone: faults.ErrRefused.
func (u undo) put(ctx context.Context, g *registry) error {
	if u.level == nil {
		return nil
	}
	now, err := g.level(ctx, u.level.On)
	if err != nil {
		return err
	}
	if !same(now, u.level.Was) && !u.level.set(now) {
		return fmt.Errorf("%w: the compatibility level of %s is %s since it was planned for; plan again", faults.ErrRefused, named(u.level.On), shown(now))
	}
	if u.level.set(now) {
		return nil
	}
	if err := g.setLevel(ctx, u.level.On, &u.level.Set); err != nil {
		return err
	}
	if now, err = g.level(ctx, u.level.On); err == nil && !u.level.set(now) {
		// Its rollback would not know this level for its own: it is taken back here.
		err = fmt.Errorf("%w: the registry made level %s of %s another, %s", faults.ErrRefused, u.level.Set, named(u.level.On), shown(now))
		return errors.Join(err, g.setLevel(ctx, u.level.On, u.level.Was))
	}
	return err
}

// back sets the level back where it is still as put left it.
func (u undo) back(ctx context.Context, g *registry) error {
	if u.level == nil {
		return nil
	}
	now, err := g.level(ctx, u.level.On)
	if err != nil || !u.level.set(now) {
		return err
	}
	return g.setLevel(ctx, u.level.On, u.level.Was)
}

func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
