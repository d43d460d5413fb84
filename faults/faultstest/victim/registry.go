package victim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/spec"
)

const (
	subjectName = "trades-value"
	firstSchema = `{"type":"record","name":"Trade","fields":[{"name":"price","type":"long"}]}`
	lastSchema  = `{"type":"record","name":"Trade","fields":[{"name":"price","type":"long"},{"name":"note","type":"string","default":""}]}`
)

// subject is one of the sandbox's registry, seen by its latest schema and its
// level.
func subject(tb testing.TB, dir string) Victim {
	tb.Helper()
	addr, err := service.FreeAddr(tb.Context())
	require.NoError(tb, err)
	record := service.RecordPath(dir, registry.Name)
	require.NoError(tb, os.MkdirAll(filepath.Dir(record), 0o750))
	require.NoError(tb, process.Record{Name: registry.Name, Addr: addr}.Write(record))
	gone := served(tb, func(ctx context.Context) error { return registry.Run(ctx, registry.Config{Home: dir}) })
	c, err := sr.NewClient(sr.URLs("http://"+addr), sr.HTTPClient(&http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}))
	require.NoError(tb, err)
	for _, text := range []string{firstSchema, lastSchema} {
		require.Eventually(tb, func() bool {
			_, err := c.RegisterSchema(tb.Context(), subjectName, sr.Schema{Schema: text}, -1, -1)
			return err == nil
		}, 10*time.Second, 5*time.Millisecond)
	}
	return Victim{
		Target: spec.Target{Registry: &spec.Registry{URL: "http://" + addr, Subject: subjectName}},
		Gone:   gone, Outlived: true,
		Look: func() (string, error) {
			ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
			defer stop()
			latest, err := c.SchemaByVersion(ctx, subjectName, -1)
			level := c.Compatibility(ctx, subjectName)[0]
			at := level.Level.String()
			if none, ok := errors.AsType[*sr.ResponseError](level.Err); ok && none.StatusCode == http.StatusNotFound {
				at, level.Err = "none of its own", nil
			}
			return fmt.Sprintf("%s at level %s", latest.Schema.Schema, at), errors.Join(err, level.Err)
		},
	}
}
