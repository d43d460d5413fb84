package schema

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

// registry is one registry of Confluent's API. Each request connects anew, so
// that nothing stays open.
type registry struct{ client *sr.Client }

// answerWithin bounds each request.
const answerWithin = 10 * time.Second

// open takes a URL that may hold a user and a password; no error says them.
func open(address string) (*registry, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the registry's address is no URL; write one such as http://127.0.0.1:8081")
	}
	opts := []sr.ClientOpt{sr.UserAgent("faultline"), sr.HTTPClient(&http.Client{
		Timeout:   answerWithin,
		Transport: &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
	})}
	if who := u.User; who != nil {
		password, _ := who.Password()
		opts = append(opts, sr.BasicAuth(who.Username(), password))
		u.User = nil
	}
	c, err := sr.NewClient(append(opts, sr.URLs(u.String()))...)
	return &registry{c}, err
}

// is says that the registry itself gave one of these answers: another server's
// 404 has no such code.
func is(err error, codes ...*sr.Error) bool {
	var no *sr.ResponseError
	if !errors.As(err, &no) {
		return false
	}
	for _, c := range codes {
		if no.ErrorCode == c.Code {
			return true
		}
	}
	return false
}

// latest is the latest version of a subject; false is that it has none.
func (g *registry) latest(ctx context.Context, subject string) (sr.SubjectSchema, bool, error) {
	s, err := g.client.SchemaByVersion(ctx, subject, -1)
	switch {
	case is(err, sr.ErrSubjectNotFound, sr.ErrVersionNotFound, sr.ErrSubjectSoftDeleted):
		return sr.SubjectSchema{}, false, nil
	case err == nil && (s.Version < 1 || s.Schema.Schema == ""):
		err = errGarbage
	}
	if err != nil {
		return sr.SubjectSchema{}, false, fmt.Errorf("asking for the latest version of %s: %w", subject, err)
	}
	return s, true, nil
}

var errGarbage = errors.New("the registry's answer is not what Confluent's API has")

// find looks for a schema among the versions of a subject that are not
// deleted; false is that it is none of them.
func (g *registry) find(ctx context.Context, subject string, s sr.Schema) (sr.SubjectSchema, bool, error) {
	found, err := g.client.LookupSchema(ctx, subject, s)
	switch {
	case is(err, sr.ErrSubjectNotFound, sr.ErrSchemaNotFound, sr.ErrSubjectSoftDeleted):
		return sr.SubjectSchema{}, false, nil
	case err == nil && found.Version < 1:
		err = errGarbage
	}
	if err != nil {
		return sr.SubjectSchema{}, false, fmt.Errorf("looking for the schema among those of %s: %w", subject, err)
	}
	return found, true, nil
}

// fits asks whether a schema may follow the latest version of a subject.
func (g *registry) fits(ctx context.Context, subject string, s sr.Schema) (bool, []string, error) {
	answer, err := g.client.CheckCompatibility(ctx, subject, -1, s)
	if is(err, sr.ErrSubjectNotFound, sr.ErrVersionNotFound, sr.ErrSubjectSoftDeleted) {
		return true, nil, nil
	}
	if err != nil {
		return false, nil, fmt.Errorf("asking whether the schema may follow those of %s: %w", subject, err)
	}
	return answer.Is, answer.Messages, nil
}

// level is the compatibility level of a subject, nil where it follows the
// global one; of "" the global one.
func (g *registry) level(ctx context.Context, subject string) (*string, error) {
	own, err := g.ask(ctx, subject)
	if subject == "" || err != nil || own == nil || *own != none {
		return own, err
	}
	// Apicurio says NONE of a subject that has none of its own.
	if inForce, err := g.ask(sr.WithParams(ctx, sr.DefaultToGlobal), subject); err != nil || inForce == nil || *inForce != none {
		return nil, err
	}
	return own, nil
}

// noneIsGlobal says that the registry calls NONE the level of a subject that
// has another in force, as Apicurio does: given NONE it would follow the global
// level. Of a subject that has a level of its own nobody can tell beforehand.
func (g *registry) noneIsGlobal(ctx context.Context, subject, inForce string) (bool, error) {
	said, err := g.ask(ctx, subject)
	return said != nil && *said == none && inForce != none, err
}

// ask is nil where the registry says that a subject has no level.
func (g *registry) ask(ctx context.Context, subject string) (*string, error) {
	c := g.client.Compatibility(ctx, subject)[0]
	if subject != "" && is(c.Err, sr.ErrSubjectLevelCompatibilityNotConfigured, sr.ErrSubjectNotFound) {
		return nil, nil //nolint:nilnil // it has none of its own
	}
	level := c.Level.String()
	if c.Err == nil && !known(level) {
		c.Err = errGarbage
	}
	if c.Err != nil {
		return nil, fmt.Errorf("asking for the compatibility level of %s: %w", named(subject), c.Err)
	}
	return &level, nil
}

// setLevel sets a level; nil has the subject follow the global one again.
func (g *registry) setLevel(ctx context.Context, subject string, level *string) error {
	ctx, stop := settled(ctx)
	defer stop()
	var err error
	if level == nil {
		if err = g.client.ResetCompatibility(ctx, subject)[0].Err; is(err, sr.ErrSubjectLevelCompatibilityNotConfigured, sr.ErrSubjectNotFound) {
			err = nil
		}
	} else {
		var to sr.CompatibilityLevel
		if err = to.UnmarshalText([]byte(*level)); err == nil {
			err = g.client.SetCompatibility(ctx, sr.SetCompatibility{Level: to}, subject)[0].Err
		}
	}
	if err == nil {
		return nil
	}
	// Somebody may have been quicker: Apicurio takes no level that is set already.
	if now, problem := g.level(ctx, subject); problem == nil && same(now, level) {
		return nil
	}
	return fmt.Errorf("setting the compatibility level of %s to %s: %w", named(subject), shown(level), err)
}

// settled is for requests that change something: they are waited for even when
// ctx has ended, since one whose outcome is not known could be carried out
// after the rollback has looked.
func settled(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
}

func named(subject string) string {
	if subject == "" {
		return "the whole registry"
	}
	return "subject " + subject
}

func shown(level *string) string {
	if level == nil {
		return "the global one"
	}
	return *level
}
