package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/internal/process"
)

func TestTheLinkProxySaysWhereItIsAndEndsWhenItIsTold(t *testing.T) {
	store := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer store.Close()
	home := t.TempDir()
	record := filepath.Join(home, "links.json")
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{
			"link-proxy", "--home", home, "--record", record, "--fault", "http.status link=web path=/broken",
			"--link", "name=web,http,to=" + store.Listener.Addr().String(), "--link", "name=raw,to=" + store.Listener.Addr().String(),
		}, in, os.Stderr)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	r, err := process.Read(record)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("link-proxy is ready, control: unix://%s, links: raw %s, web %s\n",
		filepath.Join(home, "link-proxy", control.SocketFile), r.Addrs["raw"], r.Addrs["web"]), line)
	for path, want := range map[string]int{"/": 200, "/broken": 503} {
		res, err := askOnce(t, "http://"+r.Addrs["web"]+path)
		require.NoError(t, err)
		assert.Equal(t, want, res)
	}
	var said strings.Builder
	assert.Zero(t, run(t.Context(), []string{"link-proxy", "status", "--home", home}, &said, os.Stderr))
	assert.Regexp(t, `static-1-\w+ +http.status +link=web path=/broken +with the proxy +- +1 +1 +1 +-\n`, said.String())
	stop()
	assert.Zero(t, <-code)
	_, err = askOnce(t, "http://"+r.Addrs["web"])
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func askOnce(t *testing.T, url string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func TestALinkProxyIsRefused(t *testing.T) {
	for want, args := range map[string][]string{
		"there is no link":            nil,
		"write host:port":             {"--link", "name=a"},
		`the proxy has no link "b"`:   {"--link", "name=a,to=h:1", "--fault", "network.reset link=b"},
		"TCP hides a loss":            {"--link", "name=a,to=h:1", "--fault", "network.loss link=a"},
		"a proxy is asked from":       {"--link", "name=a,to=h:1", "--control", "http://10.0.0.1:1"},
		"not known to carry HTTP":     {"--link", "name=a,to=h:1", "--fault", "http.delay link=a"},
		"in a folder that is there":   {"--link", "name=a,to=h:1", "--record", "/nowhere/at/all.json"},
		"--state":                     {"--link", "name=a,to=h:1", "--state", "/dev/null/a"},
		"another name for an address": {"--link", "name=a,to=h:1,listen=192.0.2.1:1"},
	} {
		var said strings.Builder
		assert.NotZero(t, run(t.Context(), append([]string{"link-proxy", "--home", t.TempDir()}, args...), io.Discard, &said))
		if want != "another name for an address" {
			assert.Contains(t, said.String(), want)
		} else {
			assert.Contains(t, said.String(), "name another address")
		}
	}
}
