package linkproxy_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/linkproxy"
	"github.com/k2-platform/faultline/faults/linkproxy/relay"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.MainBeside(m, proxy) }

// proxy is a link proxy as the command runs it, to an end that is not there.
func proxy(ctx context.Context, dir string, ready func()) error {
	boot, err := process.BootID()
	if err != nil {
		return err
	}
	p, err := relay.New(relay.Config{Links: []relay.Link{
		{Name: "web", Listen: "127.0.0.1:0", To: "127.0.0.1:1", HTTP: true},
		{Name: "raw", Listen: "127.0.0.1:0", To: "127.0.0.1:1"},
	}})
	if err != nil {
		return err
	}
	d := control.New(control.Config[rule.Rule]{Name: "link-proxy", Read: p.Read, Engine: p, BootID: boot})
	l, err := control.Listen(ctx, as(dir).Link.Control)
	if err != nil {
		return err
	}
	ready()
	var work errgroup.Group
	work.Go(func() error { return p.Run(ctx) })
	work.Go(func() error { d.Run(ctx); return nil })
	work.Go(func() error { return control.Serve(ctx, l, d, "") })
	return work.Wait()
}

func as(dir string) spec.Target {
	return spec.Target{Link: &spec.Link{Control: "unix://" + filepath.Join(dir, control.SocketFile), Name: "web"}}
}

func TestDriver(t *testing.T) {
	for _, f := range []spec.Fault{
		{Kind: "network.partition"},
		{Kind: "network.delay", With: map[string]string{"jitter": "200ms"}},
		{Kind: "network.bandwidth", With: map[string]string{"bytes_per_second": "1MiB"}},
		{Kind: "network.reset"},
		{Kind: "http.delay"},
		{Kind: "http.status", With: map[string]string{"path": "/warehouse/", "rate": "50%"}},
		{Kind: "http.unreachable"},
	} {
		t.Run(f.Kind, func(t *testing.T) {
			faultstest.Run(t, faultstest.Suite{Fault: f, As: as, New: func() faults.Driver { return linkproxy.Driver(f.Kind) }})
		})
	}
}

func TestAPlanIsRefusedWithAReason(t *testing.T) {
	target := faultstest.NewTarget(t, faultstest.TargetConfig{As: as})
	for name, c := range map[string]struct {
		fault spec.Fault
		link  string
		want  string
	}{
		"loss":             {spec.Fault{Kind: "network.loss"}, "web", "TCP hides a loss behind a delay: write network.delay"},
		"an unknown link":  {spec.Fault{Kind: "network.reset"}, "wbe", `no link "wbe": did you mean web?`},
		"http on raw":      {spec.Fault{Kind: "http.status"}, "raw", "link raw is not known to carry HTTP"},
		"refusal on raw":   {spec.Fault{Kind: "http.unreachable"}, "raw", "link raw is not known to carry HTTP"},
		"an unknown fault": {spec.Fault{Kind: "http.stauts"}, "web", "fault http.stauts cannot break a link"},
		"a success":        {spec.Fault{Kind: "http.status", With: map[string]string{"code": "200"}}, "web", "write a status from 400 to 599"},
		"above 100 %":      {spec.Fault{Kind: "http.status", With: map[string]string{"rate": "101%"}}, "web", "write a share from 0 to 1"},
		"no rate":          {spec.Fault{Kind: "network.bandwidth"}, "web", "bytes_per_second is missing"},
		"a far end":        {spec.Fault{Kind: "network.partition", With: map[string]string{"direction": "up"}}, "web", "write one of both, out, in"},
		"a relative path":  {spec.Fault{Kind: "http.delay", With: map[string]string{"path": "a"}}, "web", "from / on"},
		"two shapes":       {spec.Fault{Kind: "network.delay", With: map[string]string{"p99": "2s", "jitter": "1s"}}, "web", "two shapes of a delay"},
	} {
		t.Run(name, func(t *testing.T) {
			link := *target.Spec.Link
			link.Name = c.link
			_, err := linkproxy.Driver(c.fault.Kind).Plan(t.Context(), c.fault, spec.Target{Link: &link})
			require.ErrorIs(t, err, faults.ErrRefused)
			require.ErrorContains(t, err, c.want)
		})
	}
	r, err := linkproxy.Driver("network.reset").Plan(t.Context(), spec.Fault{Kind: "network.reset", Target: "t"}, target.Spec)
	require.NoError(t, err)
	assert.Equal(t, linkproxy.How, r.Undo["how"])
}
