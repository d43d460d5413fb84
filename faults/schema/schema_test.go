package schema_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/schema"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/spec"
)

// world is the sandbox's registry behind a door that can be bad.
type world struct {
	*testing.T
	client *sr.Client // past the door
	door   *atomic.Pointer[http.HandlerFunc]
	target spec.Target
}

func newWorld(t *testing.T) world {
	t.Helper()
	dir := t.TempDir()
	in(t)(dir)
	ctx, stop := context.WithCancel(t.Context())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() { ended <- serve(ctx, dir, func() { close(ready) }) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	<-ready
	last, err := process.Read(service.RecordPath(dir, "registry"))
	require.NoError(t, err)
	behind, err := url.Parse("http://" + last.Addr)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(behind)
	transport := &http.Transport{DisableKeepAlives: true}
	proxy.Transport = transport
	w := world{T: t, client: client(behind.String()), door: &atomic.Pointer[http.HandlerFunc]{}}
	front := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if bad := w.door.Load(); bad != nil {
			(*bad)(out, r)
			return
		}
		proxy.ServeHTTP(out, r)
	}))
	t.Cleanup(front.Close)
	w.target = spec.Target{Registry: &spec.Registry{URL: front.URL, Subject: subject}}
	return w
}

func (w world) bad(f http.HandlerFunc) { w.door.Store(&f) }

func (w world) plan(f spec.Fault) (schema.Driver, faults.Receipt) {
	w.Helper()
	f.Target = "r"
	d := schema.Driver{Kind: f.Kind}
	r, err := d.Plan(w.Context(), f, w.target)
	require.NoError(w, err)
	r.ID, r.Expires = "exp/step", ledger.Boottime()+time.Minute
	return d, r
}

func (w world) is(d faults.Driver, r faults.Receipt, want faults.Presence) {
	w.Helper()
	got, err := d.Probe(w.Context(), r)
	require.NoError(w, err)
	assert.Equal(w, want, got)
}

// state is what the registry says of the subject.
type state struct {
	latest   sr.SubjectSchema
	versions []int
	own      string // "" = none
}

func (w world) state() (s state) {
	w.Helper()
	var err error
	s.latest, err = w.client.SchemaByVersion(w.Context(), subject, -1)
	require.NoError(w, err)
	s.versions, err = w.client.SubjectVersions(w.Context(), subject)
	require.NoError(w, err)
	if c := w.client.Compatibility(w.Context(), subject)[0]; c.Err == nil {
		s.own = c.Level.String()
	}
	return s
}

func (w world) setLevel(l sr.CompatibilityLevel) {
	w.Helper()
	require.NoError(w, w.client.SetCompatibility(w.Context(), sr.SetCompatibility{Level: l}, subject)[0].Err)
}

func incompatible(with map[string]string) spec.Fault {
	return spec.Fault{Kind: "schema.incompatible", With: with}
}

func TestTheRegistryIsAsItWas(t *testing.T) {
	for name, c := range map[string]struct {
		f      spec.Fault
		own    sr.CompatibilityLevel
		during string // the subject's level
	}{
		"level lowered for a moment": {incompatible(nil), 0, ""},
		"level lowered all along":    {incompatible(map[string]string{"keep_level": "true"}), 0, "NONE"},
		"a level of its own":         {incompatible(map[string]string{"keep_level": "true"}), sr.CompatFull, "NONE"},
		"nothing to lower":           {incompatible(nil), sr.CompatNone, "NONE"},
		"add_required":               {incompatible(map[string]string{"change": "add_required"}), 0, ""},
		"rename":                     {incompatible(map[string]string{"change": "rename"}), 0, ""},
		"remove_field":               {incompatible(map[string]string{"change": "remove_field"}), sr.CompatForward, "FORWARD"},
		"compatible":                 {spec.Fault{Kind: "schema.deploy", With: map[string]string{"compatible": "true"}}, sr.CompatFullTransitive, "FULL_TRANSITIVE"},
		"a given schema":             {spec.Fault{Kind: "schema.deploy", With: map[string]string{"schema": strings.Replace(second, `"default":""`, `"default":"n/a"`, 1)}}, 0, ""},
		"level":                      {spec.Fault{Kind: "schema.level"}, 0, "NONE"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if c.own != 0 {
				w.setLevel(c.own)
			}
			before := w.state()
			d, r := w.plan(c.f)
			require.NoError(t, d.Inject(t.Context(), r))
			during := w.state()
			assert.Equal(t, c.during, during.own)
			if c.f.Kind != "schema.level" {
				assert.Equal(t, []int{1, 2, 3}, during.versions)
				assert.NotEqual(t, before.latest.Schema.Schema, during.latest.Schema.Schema)
			}
			require.NoError(t, d.Rollback(t.Context(), r))
			assert.Equal(t, before, w.state())
			_, err := w.client.SchemaByID(t.Context(), during.latest.ID)
			require.NoError(t, err, "records written with it can still be read")
			left := faults.Stays(t.Context(), d, r)
			if c.f.Kind == "schema.level" {
				assert.Empty(t, left)
				return
			}
			require.Len(t, left, 1)
			assert.Contains(t, left[0], fmt.Sprintf("schema id %d and version %d of subject %s are used up", during.latest.ID, during.latest.Version, subject))
		})
	}
}

// TestALaterVersionOfSomebodyElseStays: the fault's own version goes, whatever
// came after it, and the latest is theirs.
func TestALaterVersionOfSomebodyElseStays(t *testing.T) {
	w := newWorld(t)
	d, r := w.plan(incompatible(map[string]string{"keep_level": "true"}))
	require.NoError(t, d.Inject(t.Context(), r))
	theirs := `{"type":"record","name":"Trade","fields":[{"name":"theirs","type":"int"}]}`
	_, err := w.client.RegisterSchema(t.Context(), subject, sr.Schema{Schema: theirs}, -1, -1)
	require.NoError(t, err)
	w.setLevel(sr.CompatFull)
	require.NoError(t, d.Rollback(t.Context(), r))
	now := w.state()
	assert.Equal(t, theirs, now.latest.Schema.Schema)
	assert.Equal(t, []int{1, 2, 4}, now.versions)
	assert.Equal(t, "FULL", now.own, "a level that somebody else set meanwhile stays, too")
	w.is(d, r, faults.Absent)
}

// TestWhoDiesHalfWayLeavesNoLevel: between the two requests of an injection.
func TestWhoDiesHalfWayLeavesNoLevel(t *testing.T) {
	w := newWorld(t)
	before := w.state()
	d, r := w.plan(incompatible(nil))
	w.setLevel(sr.CompatNone) // as Inject's first request does
	w.is(d, r, faults.Present)
	require.NoError(t, d.Rollback(t.Context(), r))
	assert.Equal(t, before, w.state())
}

func TestALevelThatChangedSinceThePlan(t *testing.T) {
	w := newWorld(t)
	for _, f := range []spec.Fault{incompatible(nil), {Kind: "schema.level"}} {
		d, r := w.plan(f)
		w.setLevel(sr.CompatFull)
		err := d.Inject(t.Context(), r)
		require.ErrorIs(t, err, faults.ErrRefused)
		require.ErrorContains(t, err, "is FULL since it was planned for")
		require.NoError(t, d.Rollback(t.Context(), r))
		assert.Equal(t, "FULL", w.state().own)
		require.NoError(t, w.client.ResetCompatibility(t.Context(), subject)[0].Err)
	}
}

func TestTheFirstVersionOfASubject(t *testing.T) {
	w := newWorld(t)
	w.target.Registry.Subject = ""
	d, r := w.plan(spec.Fault{Kind: "schema.deploy", With: map[string]string{"schema": first, "subject": "new-value"}})
	require.NoError(t, d.Inject(t.Context(), r))
	all, err := w.client.Subjects(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"new-value", subject}, all)
	require.NoError(t, d.Rollback(t.Context(), r))
	all, err = w.client.Subjects(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{subject}, all)
}

// TestABadRegistryIsNoAnswer: whatever it says instead, the fault is not
// undone, and nobody says so.
func TestABadRegistryIsNoAnswer(t *testing.T) {
	say := func(status int, text string) http.HandlerFunc {
		return func(out http.ResponseWriter, _ *http.Request) {
			out.WriteHeader(status)
			_, _ = out.Write([]byte(text))
		}
	}
	for name, bad := range map[string]http.HandlerFunc{
		"500":            say(500, `{"error_code":50001,"message":"no"}`),
		"a page":         say(200, "<html>welcome</html>"),
		"another's 404":  say(404, "<html>not here</html>"),
		"a 404 of HTTP":  say(404, `{"error_code":404,"message":"HTTP 404 Not Found"}`),
		"nothing":        say(200, ""),
		"another's JSON": say(200, "{}"),
		"null":           say(200, "null"),
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // before that nobody notices that the client left
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, f := range []spec.Fault{incompatible(nil), {Kind: "schema.level"}} {
				before := w.state()
				d, r := w.plan(f)
				require.NoError(t, d.Inject(t.Context(), r))
				during := w.state()
				w.bad(bad)
				ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
				require.Error(t, d.Rollback(ctx, r))
				got, err := d.Probe(ctx, r)
				require.Error(t, err)
				assert.Equal(t, faults.Unseen, got)
				_, err = d.Plan(ctx, f, w.target)
				require.Error(t, err)
				stop()
				assert.Equal(t, during, w.state())
				w.door.Store(nil)
				require.NoError(t, d.Rollback(t.Context(), r))
				assert.Equal(t, before, w.state())
			}
		})
	}
}

func TestADamagedReceiptTouchesNothing(t *testing.T) {
	w := newWorld(t)
	d, r := w.plan(incompatible(map[string]string{"keep_level": "true"}))
	require.NoError(t, d.Inject(t.Context(), r))
	during := w.state()
	for _, key := range []string{"registry", "subject", "schema", "level"} {
		for _, damage := range []string{"", "{", "{}", "null"} {
			if (key == "registry" || key == "subject") && damage != "" {
				continue
			}
			bad := r
			bad.Undo = maps.Clone(r.Undo)
			bad.Undo[key] = damage
			require.Error(t, d.Rollback(t.Context(), bad), "%s %q", key, damage)
			require.Error(t, d.Inject(t.Context(), bad))
			_, err := d.Probe(t.Context(), bad)
			require.Error(t, err)
			assert.Equal(t, during, w.state())
		}
	}
	require.NoError(t, d.Rollback(t.Context(), r))
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	w := newWorld(t)
	whole := spec.Target{Registry: &spec.Registry{URL: w.target.Registry.URL}}
	empty := spec.Target{Registry: &spec.Registry{URL: w.target.Registry.URL, Subject: "nothing"}}
	for name, c := range map[string]struct {
		kind string
		with map[string]string
		on   spec.Target
		want string
	}{
		"no subject":            {"schema.incompatible", nil, whole, "write subject: NAME"},
		"two subjects":          {"schema.incompatible", map[string]string{"subject": "x"}, w.target, "remove parameter subject"},
		"no version":            {"schema.incompatible", nil, empty, "has no version to derive one from"},
		"an unknown change":     {"schema.incompatible", map[string]string{"change": "shuffle"}, w.target, "write retype"},
		"a compatible change":   {"schema.incompatible", map[string]string{"change": "remove_field"}, w.target, "at level BACKWARD"},
		"a schema and a change": {"schema.incompatible", map[string]string{"schema": unlike, "change": "retype"}, w.target, "and not both"},
		"a schema that goes":    {"schema.incompatible", map[string]string{"schema": `{"type":"record","name":"Trade","fields":[]}`}, w.target, "or another schema"},
		"no schema":             {"schema.deploy", nil, w.target, "write schema: TEXT, or compatible: true"},
		"two schemas":           {"schema.deploy", map[string]string{"schema": first, "compatible": "true"}, w.target, "write schema: TEXT, or compatible: true"},
		"one that is there":     {"schema.deploy", map[string]string{"schema": first}, w.target, "has it already, as version 1"},
		"one that does not go":  {"schema.deploy", map[string]string{"schema": `{"type":"record","name":"Trade","fields":[{"name":"price","type":"string"}]}`}, w.target, "is not compatible with what"},
		"an unknown level":      {"schema.level", map[string]string{"level": "BACKWARDS"}, w.target, "write NONE, BACKWARD"},
		"the level it has":      {"schema.level", map[string]string{"level": "BACKWARD"}, w.target, "is BACKWARD already"},
		"the global level":      {"schema.level", map[string]string{"level": "BACKWARD"}, whole, "of the whole registry is BACKWARD already"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := schema.Driver{Kind: c.kind}.Plan(t.Context(), spec.Fault{Kind: c.kind, Target: "r", With: c.with}, c.on)
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
		})
	}
}

// unlike fits no version of the subject.
const unlike = `{"type":"record","name":"Trade","fields":[{"name":"price","type":"boolean"}]}`

func TestAnIncompatibleSchemaThatIsWrittenOut(t *testing.T) {
	w := newWorld(t)
	before := w.state()
	d, r := w.plan(incompatible(map[string]string{"schema": unlike}))
	require.NoError(t, d.Inject(t.Context(), r))
	w.is(d, r, faults.Present)
	assert.JSONEq(t, unlike, w.state().latest.Schema.Schema)
	assert.Equal(t, before.own, w.state().own, "the level is lowered for a moment only")
	require.NoError(t, d.Rollback(t.Context(), r))
	w.is(d, r, faults.Absent)
	assert.Equal(t, before, w.state())
}

// TestNoErrorSaysThePassword of a registry whose address has one.
func TestNoErrorSaysThePassword(t *testing.T) {
	var came atomic.Value
	front := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		came.Store(password)
		out.WriteHeader(http.StatusInternalServerError)
	}))
	defer front.Close()
	for _, address := range []string{strings.Replace(front.URL, "http://", "http://me:s3cret@", 1), "http://me:s3cret@127.0.0.1:1", "http://me:s3cret@"} {
		_, err := schema.Driver{Kind: "schema.level"}.Plan(t.Context(), spec.Fault{Kind: "schema.level", Target: "r"}, spec.Target{Registry: &spec.Registry{URL: address}})
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "s3cret")
	}
	assert.Equal(t, "s3cret", came.Load())
}

// TestWhatIsBurnedIsSaidOrThatItIsNotKnown asks registries that do not show
// what is deleted, or do not answer.
func TestWhatIsBurnedIsSaidOrThatItIsNotKnown(t *testing.T) {
	w := newWorld(t)
	d, r := w.plan(incompatible(nil))
	assert.Contains(t, faults.Stays(t.Context(), d, r)[0], "shows no deleted version", "it was never injected")
	require.NoError(t, d.Inject(t.Context(), r))
	require.NoError(t, d.Rollback(t.Context(), r))
	w.bad(func(out http.ResponseWriter, _ *http.Request) {
		out.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(out, `{"error_code":40403,"message":"Schema not found"}`)
	})
	assert.Contains(t, faults.Stays(t.Context(), d, r)[0], "shows no deleted version")
	w.bad(func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(http.StatusServiceUnavailable) })
	assert.Contains(t, faults.Stays(t.Context(), d, r)[0], "could not be found out")
}
