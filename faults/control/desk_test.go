package control_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/spec"
)

const boot = "this-boot"

// desk runs inside a synctest bubble, on its clock.
func desk(t *testing.T, c control.Config[rule.Rule]) (*control.Desk[rule.Rule], *engine) {
	t.Helper()
	e := &engine{}
	began := time.Now()
	c.Name, c.Read, c.Engine, c.BootID, c.Now = "kafka-proxy", e.read(c.Raw), e, boot, func() time.Duration { return time.Since(began) }
	d := control.New(c)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done; assert.Empty(t, e.ids(), "a proxy that ends is a plain one") })
	return d, e
}

func delay() control.Fault {
	return control.Fault{
		Experiment: "e", Step: "s", Kind: "kafka.delay", With: map[string]string{"delay": "200ms"},
		BootID: boot, Expires: time.Minute, Lease: spec.Duration(10 * time.Second),
	}
}

func TestAFaultIsInForceUntilItIsLifted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{})
		require.NoError(t, d.Put("e/s", delay()))
		require.NoError(t, d.Put("e/s", delay()), "the same again")
		require.NoError(t, d.Put("e/t", delay()))
		assert.Equal(t, []string{"e/s", "e/t"}, e.ids())
		assert.Equal(t, control.Of{Experiment: "e", Step: "s"}, e.of["e/s"])
		got := d.Get("e/s")
		assert.Equal(t, control.State{
			Receipt: "e/s", InForce: true, Experiment: "e", Step: "s", Kind: "kafka.delay", With: delay().With,
			Left: spec.Duration(time.Minute), Kept: spec.Duration(10 * time.Second), Count: &control.Count{Seen: 1},
		}, got)
		require.NoError(t, d.Lift("e/s"))
		require.NoError(t, d.Lift("e/s"))
		assert.Equal(t, []string{"e/t"}, e.ids())
		assert.Equal(t, control.State{Receipt: "e/s", Lifted: "it was asked to end"}, d.Get("e/s"))
		assert.Len(t, d.All().Faults, 1)
		require.NoError(t, d.Lift("e/t"))
		assert.Empty(t, e.ids(), "without a fault it is a plain proxy")
	})
}

func TestASilentControllersFaultLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{})
		require.NoError(t, d.Put("kept", delay()))
		require.NoError(t, d.Put("silent", delay()))
		for range 3 {
			time.Sleep(4 * time.Second)
			require.NoError(t, d.Keep("kept"))
		}
		synctest.Wait()
		assert.Equal(t, []string{"kept"}, e.ids(), "nobody asked, and the silent one is gone")
		assert.Contains(t, d.Get("silent").Lifted, "silent for longer than its lease, 10s")
		require.ErrorIs(t, d.Keep("silent"), control.ErrLifted, "too late")
		time.Sleep(11 * time.Second)
		synctest.Wait()
		assert.Empty(t, e.ids())
	})
}

func TestADeadlineEndsWhatIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{})
		f := delay()
		f.Expires = 12 * time.Second
		require.NoError(t, d.Put("r", f))
		for range 3 {
			time.Sleep(5 * time.Second)
			_ = d.Keep("r")
		}
		synctest.Wait()
		assert.Empty(t, e.ids())
		assert.Equal(t, "its deadline was over", d.Get("r").Lifted)
		require.ErrorIs(t, d.Put("r", f), control.ErrLifted)
	})
}

// TestWhatIsLiftedNeverComesBack: a request that a delete, a lease or a
// deadline overtook is refused, for as long as its deadline lets it come.
func TestWhatIsLiftedNeverComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{})
		late := delay()
		late.Expires = 30 * time.Hour
		require.NoError(t, d.Lift("early"))
		require.ErrorIs(t, d.Put("early", late), control.ErrLifted, "the delete overtook it")
		require.NoError(t, d.Put("r", late))
		require.NoError(t, d.Lift("r"))
		for range 29 {
			require.ErrorIs(t, d.Put("r", late), control.ErrLifted)
			time.Sleep(time.Hour)
		}
		time.Sleep(time.Hour)
		require.ErrorIs(t, d.Put("r", late), faults.ErrRefused, "remembered or not, its deadline is over")
		assert.Empty(t, e.ids())
	})
}

func TestAFaultIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{})
		e.idempotent = []string{"ingest"}
		require.NoError(t, d.Put("there", delay()))
		for name, c := range map[string]struct {
			id     string
			change func(*control.Fault)
			want   string
		}{
			"another boot":      {"r", func(f *control.Fault) { f.BootID = "other" }, "of another boot"},
			"over":              {"r", func(f *control.Fault) { f.Expires = 0 }, "deadline is over"},
			"no lease":          {"r", func(f *control.Fault) { f.Lease = 0 }, "write 200ms to 10m0s"},
			"a long lease":      {"r", func(f *control.Fault) { f.Lease = spec.Duration(time.Hour) }, "write 200ms to 10m0s"},
			"nobody's":          {"r", func(f *control.Fault) { f.Step = "" }, "write experiment and step"},
			"an unknown kind":   {"r", func(f *control.Fault) { f.Kind = "kafka.dela" }, "did you mean kafka.delay"},
			"a bad value":       {"r", func(f *control.Fault) { f.With = nil }, "delay is missing"},
			"another one there": {"there", func(f *control.Fault) { f.With = map[string]string{"delay": "1s"} }, "another fault in force"},
			"no receipt":        {"", func(*control.Fault) {}, "write letters"},
			"numbered batches": {"r", func(f *control.Fault) {
				f.Kind, f.With = "kafka.drop", map[string]string{"direction": "produce"}
			}, "these clients are such: ingest"},
		} {
			f := delay()
			c.change(&f)
			err := d.Put(c.id, f)
			require.ErrorIs(t, err, faults.ErrRefused, name)
			require.ErrorContains(t, err, c.want, name)
		}
		assert.Equal(t, []string{"there"}, e.ids())
		for i := range 255 {
			require.NoError(t, d.Put(fmt.Sprint("n", i), delay()))
		}
		require.ErrorContains(t, d.Put("r", delay()), "256 faults are in force")
		require.NoError(t, d.Put("there", delay()), "what is there is no more than before")
	})
}

func TestAPlanSaysWhatTheProxyHasAgainstIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{})
		drop := control.Question{Kind: "kafka.drop", With: map[string]string{"direction": "produce"}}
		require.NoError(t, d.Plan(drop))
		e.idempotent = []string{"a", "b", "c", "d", "e", "f"}
		require.ErrorContains(t, d.Plan(drop), "a, b, c, d, e and 1 more")
		require.NoError(t, d.Plan(control.Question{Kind: "kafka.drop"}), "on fetch nothing is numbered")
		require.NoError(t, d.Plan(control.Question{Kind: "kafka.duplicate"}), "the proxy's own producer appends")
		raw, _ := desk(t, control.Config[rule.Rule]{Raw: true})
		require.NoError(t, raw.Plan(control.Question{Kind: "kafka.delay", With: map[string]string{"delay": "1s", "broker": "1"}}))
		for _, q := range []control.Question{
			{Kind: "kafka.drop"},
			{Kind: "kafka.delay", With: map[string]string{"delay": "1s", "topic": "t"}},
			{Kind: "kafka.partition", With: map[string]string{"client_id": "c"}},
		} {
			require.ErrorContains(t, raw.Plan(q), "passes TLS through unread", q.Kind)
		}
		assert.Empty(t, e.ids())
	})
}

func TestAStaticFaultStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, e := desk(t, control.Config[rule.Rule]{})
		require.NoError(t, d.Static("kafka.delay delay=200ms topic=orders"))
		require.NoError(t, d.Static("kafka.reset"))
		time.Sleep(48 * time.Hour)
		ids := e.ids()
		require.Len(t, ids, 2)
		assert.True(t, d.Get(ids[0]).Static)
		require.ErrorContains(t, d.Lift(ids[0]), "as long as the proxy")
		require.ErrorIs(t, d.Put(ids[0], delay()), faults.ErrRefused)
		for text, want := range map[string]string{
			"":                                 "write a kind",
			"kafka.delay delay":                "as name=value",
			"kafka.delay delay=1s delay=2s":    "each parameter once",
			"kafka.delay delay=1s topc=orders": `no parameter "topc"`,
			"kafka.duplicate direction=fetch":  "clients skip",
		} {
			require.ErrorContains(t, d.Static(text), want)
		}
	})
}
