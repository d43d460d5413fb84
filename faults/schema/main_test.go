package schema_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.MainBeside(m, serve) }

const (
	subject = "trades-value"
	first   = `{"type":"record","name":"Trade","fields":[{"name":"price","type":"long"}]}`
	second  = `{"type":"record","name":"Trade","fields":[{"name":"price","type":"long"},{"name":"note","type":"string","default":""}]}`
)

// serve runs the sandbox's registry, with two versions of one subject.
func serve(ctx context.Context, dir string, ready func()) error {
	last, err := process.Read(service.RecordPath(dir, registry.Name))
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- registry.Run(ctx, registry.Config{Home: dir}) }()
	c := client("http://" + last.Addr)
	for ctx.Err() == nil {
		select {
		case err := <-ended:
			return fmt.Errorf("the registry ended: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
		if seed(ctx, c) == nil {
			ready()
			break
		}
	}
	return <-ended
}

func seed(ctx context.Context, c *sr.Client) error {
	for _, text := range []string{first, second} {
		if _, err := c.RegisterSchema(ctx, subject, sr.Schema{Schema: text}, -1, -1); err != nil {
			return err
		}
	}
	return nil
}

func client(url string) *sr.Client {
	c, err := sr.NewClient(sr.URLs(url), sr.HTTPClient(&http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}))
	if err != nil {
		panic(err)
	}
	return c
}

// in names the registry that serve will be in a folder.
func in(tb testing.TB) func(dir string) spec.Target {
	tb.Helper()
	return func(dir string) spec.Target {
		addr, err := service.FreeAddr(tb.Context())
		require.NoError(tb, err)
		require.NoError(tb, process.Record{Name: registry.Name, Addr: addr}.Write(mkdir(tb, service.RecordPath(dir, registry.Name))))
		return spec.Target{Registry: &spec.Registry{URL: "http://" + addr, Subject: subject}}
	}
}

func mkdir(tb testing.TB, path string) string {
	tb.Helper()
	require.NoError(tb, os.MkdirAll(filepath.Dir(path), 0o750))
	return path
}
