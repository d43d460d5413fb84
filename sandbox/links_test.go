package sandbox

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/query"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/store"
)

func TestEachClientReachesTheStoreOverItsOwnLink(t *testing.T) {
	c := Config{Home: t.TempDir(), Self: []string{"x"}, Store: true, Links: []string{"faultline", "link-proxy"}}
	names := c.names()
	assert.Less(t, slices.Index(names, store.Name), slices.Index(names, LinksName))
	assert.Less(t, slices.Index(names, LinksName), slices.Index(names, sink.Name))
	at := Addresses{Store: "s:1", Links: map[string]string{k2.SinkStoreLink: "l:1", k2.QueryStoreLink: "l:2"}}
	for name, want := range map[string]string{sink.Name: "l:1", query.Name: "l:2"} {
		argv, err := c.command(t.Context(), name, at)
		require.NoError(t, err)
		assert.Equal(t, []string{"--lake-property", "s3.endpoint=http://" + want}, argv[len(argv)-2:])
		argv, err = c.command(t.Context(), name, Addresses{Store: "s:1"})
		require.NoError(t, err)
		assert.NotContains(t, argv, "--lake-property", "without links it finds the store by itself")
	}
}

func TestALinkProxyComesBackWhereItWas(t *testing.T) {
	c := Config{Home: t.TempDir(), Self: []string{"x"}, Store: true, Links: []string{"faultline", "link-proxy"}}
	links := func() (out []string) {
		argv, err := c.command(t.Context(), LinksName, Addresses{Store: "s:1"})
		require.NoError(t, err)
		assert.Equal(t, c.Links, argv[:2])
		for i, arg := range argv {
			if arg == "--link" {
				out = append(out, argv[i+1])
			}
		}
		return out
	}
	first := links()
	require.Len(t, first, 2)
	record := process.Record{Name: LinksName, PID: 1, Addrs: map[string]string{}}
	for _, l := range first {
		name, rest, _ := strings.Cut(strings.TrimPrefix(l, "name="), ",listen=")
		addr, end, _ := strings.Cut(rest, ",")
		assert.Equal(t, "to=s:1,http", end)
		_, _, err := net.SplitHostPort(addr)
		require.NoError(t, err)
		record.Addrs[name] = addr
	}
	require.NoError(t, os.MkdirAll(service.Dir(c.Home), 0o750))
	require.NoError(t, record.Write(service.RecordPath(c.Home, LinksName)))
	assert.Equal(t, first, links())
}

func TestLinksNeedAStoreAndAShortPath(t *testing.T) {
	c := Config{Home: "/h", Self: []string{"x"}, Links: []string{"faultline", "link-proxy"}}
	require.ErrorContains(t, c.Validate(), "links lead to the store")
	c.Store = true
	require.NoError(t, c.Validate())
	c.Home = "/" + strings.Repeat("h", 90)
	require.ErrorContains(t, c.Validate(), "shorter path")
}
