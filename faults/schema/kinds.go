package schema

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

const (
	incompatibleKind = "schema.incompatible"
	deployKind       = "schema.deploy"
	levelKind        = "schema.level"
)

// kind is what the three differ in: all are undone alike.
type kind struct {
	describe faults.Kind
	plan     func(ctx context.Context, g *registry, subject string, with map[string]string) (undo, error)
}

func kinds() []kind {
	subject := faults.Parameter{Name: "subject", Summary: "subject, where the target is a whole registry", Check: func(text string) error {
		if text == "" || strings.ContainsAny(text, " \t/") {
			return fmt.Errorf("%q: write one subject, such as trades-value", text)
		}
		return nil
	}}
	row := func(name, summary string, parameters ...faults.Parameter) faults.Kind {
		return faults.Kind{
			Name: name, Summary: summary, Risk: faults.Dangerous, Serves: true, Breaks: []spec.TargetKind{spec.RegistryKind},
			Parameters: append(parameters, subject),
		}
	}
	deploy := row(deployKind, "registers a version that the compatibility level allows",
		faults.Parameter{Name: "schema", Summary: "its text", Check: notEmpty},
		faults.Parameter{Name: "type", Summary: "of schema: AVRO, JSON, PROTOBUF", Default: "AVRO", Check: oneOf("AVRO", "JSON", "PROTOBUF")},
		faults.Parameter{Name: "compatible", Summary: "true instead of schema: the latest version with one more optional field", Check: oneOf("true")},
	)
	deploy.Together = func(with map[string]string) error {
		switch {
		case (with["schema"] == "") == (with["compatible"] == ""):
			return errors.New("write schema: TEXT, or compatible: true")
		case with["schema"] == "" && with["type"] != "":
			return errors.New("type is for schema alone; remove it")
		}
		return nil
	}
	incompatible := row(incompatibleKind, "registers a version that is not compatible with the latest, lowering the level for it",
		faults.Parameter{Name: "change", Summary: strings.Join(changes(), ", "), Default: "retype", Check: oneOf(changes()...)},
		faults.Parameter{Name: "schema", Summary: "instead of change: its text", Check: notEmpty},
		faults.Parameter{Name: "type", Summary: "of schema: AVRO, JSON, PROTOBUF", Default: "AVRO", Check: oneOf("AVRO", "JSON", "PROTOBUF")},
		faults.Parameter{Name: "keep_level", Summary: "whether the level stays lowered until rollback", Default: "false", Check: oneOf("true", "false")},
		faults.Parameter{Name: "lower", Summary: "whose level is lowered, where the target does not say it: subject, or global for a registry where a subject's cannot be NONE", Default: spec.LowerSubject, Check: oneOf(spec.LowerSubject, spec.LowerGlobal)},
	)
	incompatible.Together = func(with map[string]string) error {
		switch {
		case with["schema"] != "" && with["change"] != "":
			return errors.New("write schema: TEXT, or change, and not both")
		case with["schema"] == "" && with["type"] != "":
			return errors.New("type is for schema alone; remove it")
		}
		return nil
	}
	return []kind{
		{deploy, planDeploy},
		{incompatible, planIncompatible},
		{row(levelKind, "changes the compatibility level",
			faults.Parameter{Name: "level", Summary: strings.Join(levels(), ", "), Default: "NONE", Check: oneOf(levels()...)},
		), planLevel},
	}
}

func notEmpty(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("it is empty; write the schema")
	}
	return nil
}

// given is the schema that the parameters write out.
func given(with map[string]string) (sr.Schema, error) {
	next := sr.Schema{Schema: with["schema"]}
	if text := with["type"]; text != "" {
		if err := next.Type.UnmarshalText([]byte(text)); err != nil {
			return sr.Schema{}, fmt.Errorf("%w: %w", faults.ErrRefused, err)
		}
	}
	return next, nil
}

// fresh refuses a schema that the subject has: its version would not be the
// fault's own.
func (g *registry) fresh(ctx context.Context, subject string, next sr.Schema) error {
	found, taken, err := g.find(ctx, subject, next)
	if err == nil && taken {
		err = fmt.Errorf("%w: subject %s has it already, as version %d; write another schema", faults.ErrRefused, subject, found.Version)
	}
	return err
}

// Kinds describes the faults, in the order of their names.
func Kinds() []faults.Kind {
	var out []faults.Kind
	for _, k := range kinds() {
		out = append(out, k.describe)
	}
	return out
}

func (d Driver) kind() (kind, error) {
	for _, k := range kinds() {
		if k.describe.Name == d.Kind {
			return k, nil
		}
	}
	return kind{}, fmt.Errorf("%w: there is no fault %q of a registry", faults.ErrRefused, d.Kind)
}

func planLevel(ctx context.Context, g *registry, subject string, with map[string]string) (undo, error) {
	set := with["level"]
	if set == "" {
		set = none
	}
	was, err := g.level(ctx, subject)
	if err != nil {
		return undo{}, err
	}
	inForce, err := g.inForce(ctx, was)
	if err == nil && inForce == set {
		err = fmt.Errorf("%w: the compatibility level of %s is %s already; write another", faults.ErrRefused, named(subject), set)
	}
	if err == nil && set == none && subject != "" {
		err = g.takesNone(ctx, subject, inForce)
	}
	return undo{level: &level{On: subject, Set: set, Was: was, Keep: true}}, err
}

func planDeploy(ctx context.Context, g *registry, subject string, with map[string]string) (undo, error) {
	latest, there, err := g.latest(ctx, subject)
	if err != nil {
		return undo{}, err
	}
	next, err := given(with)
	if err != nil {
		return undo{}, err
	}
	if with["compatible"] != "" {
		if next, err = derive(latest, there, optionalField); err != nil {
			return undo{}, err
		}
	}
	if err := g.fresh(ctx, subject, next); err != nil {
		return undo{}, err
	}
	fits, why, err := g.fits(ctx, subject, next)
	if err == nil && !fits {
		err = fmt.Errorf("%w: the registry says that it is not compatible with what subject %s has %v; use schema.incompatible, or schema.level first", faults.ErrRefused, subject, why)
	}
	return undo{schema: &next, latest: numbered(latest, there)}, err
}

func planIncompatible(ctx context.Context, g *registry, subject string, with map[string]string) (undo, error) {
	latest, there, err := g.latest(ctx, subject)
	if err != nil {
		return undo{}, err
	}
	change, next := cmp.Or(with["change"], "retype"), sr.Schema{}
	if with["schema"] != "" {
		change = "the schema"
		if next, err = given(with); err == nil {
			err = g.fresh(ctx, subject, next)
		}
	} else {
		next, err = derive(latest, there, change)
	}
	if err != nil {
		return undo{}, err
	}
	was, err := g.level(ctx, subject)
	if err != nil {
		return undo{}, err
	}
	inForce, err := g.inForce(ctx, was)
	if err != nil {
		return undo{}, err
	}
	u := undo{schema: &next, latest: numbered(latest, there)}
	if inForce == none {
		return u, nil
	}
	// retype fits no version at any level: a registry that says it does has
	// rules of its own, and that may be what the experiment is to find out.
	fits, _, err := g.fits(ctx, subject, next)
	if err == nil && fits && change != "retype" {
		err = fmt.Errorf("%w: at level %s, which subject %s has, %s makes no incompatible version; write change: retype, or another schema", faults.ErrRefused, inForce, subject, change)
	}
	if err != nil {
		return u, err
	}
	u.level = &level{On: subject, Set: none, Was: was, Keep: with["keep_level"] == "true"}
	if with["lower"] != spec.LowerGlobal {
		return u, g.takesNone(ctx, subject, inForce)
	}
	if was != nil {
		return u, fmt.Errorf("%w: subject %s has level %s of its own, whatever the global one is; write lower: subject", faults.ErrRefused, subject, *was)
	}
	u.level.On, u.level.Was = "", &inForce
	return u, nil
}

// takesNone refuses where NONE would leave a subject with the global level.
func (g *registry) takesNone(ctx context.Context, subject, inForce string) error {
	global, err := g.noneIsGlobal(ctx, subject, inForce)
	if err == nil && global {
		err = fmt.Errorf("%w: this registry knows no level NONE of a subject: %s, which has %s, would follow the global level; for schema.incompatible write lower: global, in the document or in the target, which lowers it for every subject", faults.ErrRefused, subject, inForce)
	}
	return err
}

// inForce is the level that counts for a subject whose own is known.
func (g *registry) inForce(ctx context.Context, own *string) (string, error) {
	if own == nil {
		var err error
		if own, err = g.level(ctx, ""); err != nil {
			return "", err
		}
	}
	return *own, nil
}

func numbered(s sr.SubjectSchema, there bool) string {
	if !there {
		return "none"
	}
	return fmt.Sprintf("version %d, id %d", s.Version, s.ID)
}

const none = "NONE"

func levels() []string {
	return []string{none, "BACKWARD", "BACKWARD_TRANSITIVE", "FORWARD", "FORWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE"}
}

func known(level string) bool { return slices.Contains(levels(), level) }

func oneOf(values ...string) func(string) error {
	return func(text string) error {
		if !slices.Contains(values, text) {
			return fmt.Errorf("%q: write %s", text, strings.Join(values, ", "))
		}
		return nil
	}
}

// mark tells what one plan derives from what any other does, so that the
// version which carries it is the fault's own.
func mark() string { return strings.ToLower(rand.Text()[:12]) }
