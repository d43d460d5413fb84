package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/linkproxy"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// lane is a link proxy as a process, between a client and an echo.
type lane struct {
	t      *testing.T
	record string
	target spec.Target
	addr   string
}

func newLane(t *testing.T, binary string) *lane {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); _ = c.Close() }()
		}
	}()
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	home := t.TempDir()
	n := &lane{t: t, record: filepath.Join(home, "links.json"), addr: free.Addr().String()}
	require.NoError(t, free.Close())
	n.target = spec.Target{Link: &spec.Link{Control: "unix://" + filepath.Join(home, "link-proxy", control.SocketFile), Name: "a"}}
	n.start(process.Record{Name: "link-proxy", Dir: home, Log: filepath.Join(home, "log"), Command: []string{
		binary, "link-proxy", "--home", home, "--record", n.record, "--link", "name=a,listen=" + n.addr + ",to=" + l.Addr().String(),
	}})
	t.Cleanup(func() { _ = n.signal(syscall.SIGKILL) })
	return n
}

func (n *lane) start(r process.Record) {
	n.t.Helper()
	_, err := process.Start(n.t.Context(), r)
	require.NoError(n.t, err)
	require.Eventually(n.t, func() bool {
		_, err := control.Client{Address: n.target.Link.Control}.Status(n.t.Context())
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
}

func (n *lane) signal(sig syscall.Signal) error {
	r, err := process.Read(n.record)
	if err != nil {
		return err
	}
	return process.Signal(r, sig)
}

func (n *lane) dial() net.Conn {
	n.t.Helper()
	c, err := (&net.Dialer{}).DialContext(n.t.Context(), "tcp", n.addr)
	require.NoError(n.t, err)
	n.t.Cleanup(func() { _ = c.Close() })
	require.NoError(n.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	return c
}

func (n *lane) echoes(c net.Conn, word string) {
	n.t.Helper()
	_, err := io.WriteString(c, word)
	require.NoError(n.t, err)
	got := make([]byte, len(word))
	_, err = io.ReadFull(c, got)
	require.NoError(n.t, err)
	assert.Equal(n.t, word, string(got))
}

func (n *lane) inject(lives time.Duration) faults.Receipt {
	n.t.Helper()
	d := linkproxy.Driver("network.partition")
	r, err := d.Plan(n.t.Context(), spec.Fault{Kind: "network.partition", Target: "a"}, n.target)
	require.NoError(n.t, err)
	r.ID, r.Experiment, r.Step, r.Expires = "x/p", "x", "p", ledger.Boottime()+lives
	require.NoError(n.t, d.Inject(n.t.Context(), r))
	return r
}

func TestALinkProxyAsAProcess(t *testing.T) {
	binary := buildLight(t)
	for name, test := range map[string]func(*testing.T, *lane){
		"killed it takes connections and faults along": laneKilled,
		"frozen it goes on where it was":               laneFrozen,
		"garbage on its socket is no harm":             laneMisheard,
	} {
		t.Run(name, func(t *testing.T) { test(t, newLane(t, binary)) })
	}
}

// laneKilled: started again from its record it is where it was.
func laneKilled(t *testing.T, n *lane) {
	t.Helper()
	c := n.dial()
	n.echoes(c, "before")
	r := n.inject(time.Minute)
	was, err := process.Read(n.record)
	require.NoError(t, err)
	require.NoError(t, n.signal(syscall.SIGKILL))
	_, err = c.Read(make([]byte, 1))
	require.Error(t, err, "the client loses its connection")
	require.Eventually(t, func() bool { return !was.Alive() }, 10*time.Second, time.Millisecond)
	n.start(was)
	n.echoes(n.dial(), "after")
	got, err := linkproxy.Driver("network.partition").Probe(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, faults.Absent, got)
}

// laneFrozen: what lapsed while it stood still is lifted at once.
func laneFrozen(t *testing.T, n *lane) {
	t.Helper()
	c := n.dial()
	n.echoes(c, "before")
	n.inject(500 * time.Millisecond)
	require.NoError(t, n.signal(syscall.SIGSTOP))
	_, err := io.WriteString(c, "meanwhile")
	require.NoError(t, err)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(700*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	require.NoError(t, n.signal(syscall.SIGCONT))
	got := make([]byte, len("meanwhile"))
	_, err = io.ReadFull(c, got)
	require.NoError(t, err)
	assert.Equal(t, "meanwhile", string(got))
}

func laneMisheard(t *testing.T, n *lane) {
	t.Helper()
	c := n.dial()
	for _, said := range []string{
		"\x00\x01\x02\xff", "PUT /v1/faults/r HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", strings.Repeat("a", 1<<20), "PUT /v1/faults/r HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"link\":[]",
	} {
		s, err := (&net.Dialer{}).DialContext(t.Context(), "unix", strings.TrimPrefix(n.target.Link.Control, "unix://"))
		require.NoError(t, err)
		require.NoError(t, s.SetDeadline(time.Now().Add(10*time.Second)))
		_, _ = io.WriteString(s, said) // it may be cut in the midst
		_, _ = s.Read(make([]byte, 100))
		require.NoError(t, s.Close())
		n.echoes(c, "still there")
	}
	s, err := control.Client{Address: n.target.Link.Control}.Status(t.Context())
	require.NoError(t, err)
	assert.Empty(t, s.Faults)
}
