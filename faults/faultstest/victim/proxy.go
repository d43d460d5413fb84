package victim

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/admit"
	"github.com/k2-platform/faultline/faults/kafkaproxy/force"
	kafkarule "github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/linkproxy/relay"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// controlled serves a desk on a socket, and is seen by what is in force.
func controlled[R any](tb testing.TB, dir string, d *control.Desk[R], beside func(context.Context) error) (address string, v Victim) {
	tb.Helper()
	address = "unix://" + filepath.Join(dir, control.SocketFile)
	l, err := control.Listen(tb.Context(), address)
	require.NoError(tb, err)
	v.Gone = served(tb, func(ctx context.Context) error {
		work, ctx := errgroup.WithContext(ctx)
		work.Go(func() error { return beside(ctx) })
		work.Go(func() error { d.Run(ctx); return nil })
		work.Go(func() error { return control.Serve(ctx, l, d, "") })
		return work.Wait()
	})
	v.Look = func() (string, error) {
		s, err := control.Client{Address: address}.Status(context.Background())
		return fmt.Sprintf("%d faults in force", len(s.Faults)), err
	}
	return address, v
}

// proxied is a Kafka proxy that nothing passes.
func proxied(tb testing.TB, dir string) Victim {
	tb.Helper()
	boot, err := process.BootID()
	require.NoError(tb, err)
	e := force.New(force.Options{})
	d := control.New(control.Config[kafkarule.Rule]{Read: admit.Rules{Idempotent: func(kafkarule.Where) []string { return nil }}.Read, Engine: e, BootID: boot})
	address, v := controlled(tb, dir, d, func(ctx context.Context) error { <-ctx.Done(); return nil })
	v.Target = spec.Target{KafkaProxy: &spec.KafkaProxy{Control: address}}
	return v
}

// linked is a link to a server that answers; it is seen by the answer, too.
func linked(tb testing.TB, dir string) Victim {
	tb.Helper()
	boot, err := process.BootID()
	require.NoError(tb, err)
	far := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	tb.Cleanup(far.Close)
	p, err := relay.New(relay.Config{Links: []relay.Link{{Name: "web", Listen: "127.0.0.1:0", To: strings.TrimPrefix(far.URL, "http://"), HTTP: true}}})
	require.NoError(tb, err)
	d := control.New(control.Config[rule.Rule]{Name: "link-proxy", Read: p.Read, Engine: p, BootID: boot})
	address, v := controlled(tb, dir, d, p.Run)
	v.Target = spec.Target{Link: &spec.Link{Control: address, Name: "web"}}
	inForce, at := v.Look, "http://"+p.Addrs()["web"]
	v.Look = func() (string, error) {
		said, err := inForce()
		if err != nil {
			return said, err
		}
		return said + ", " + answer(at), nil
	}
	return v
}

// patient is how long a link may take that is whole, on a busy machine.
const patient = time.Second

func answer(url string) string {
	ctx, stop := context.WithTimeout(context.Background(), patient)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return "no answer"
	}
	_ = res.Body.Close()
	return res.Status
}
