package network_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/netns/netnstest"
	"github.com/k2-platform/faultline/ledger"
	"github.com/k2-platform/faultline/spec"
)

// The ports of a stage's service.
const (
	broken = 9092
	spared = 9093
)

// soon is much longer than what is not hindered takes; never is how long one
// waits for what is not to come.
const (
	soon  = 5 * time.Second
	never = 300 * time.Millisecond
)

// stage is a service in a namespace, which gives back what it gets, and a
// client in another with a cable between them.
type stage struct {
	t            testing.TB
	client, home netnstest.Side
	inside       *netns.Namespace // where the service is
	outside      *netns.Namespace
	dir          string
}

func newStage(tb testing.TB) *stage {
	tb.Helper()
	s := &stage{t: tb, dir: tb.TempDir()}
	s.client, s.home = netnstest.Pair(tb)
	var err error
	s.outside, err = netns.Open(s.client.Path)
	require.NoError(tb, err)
	s.inside, err = netns.Open(s.home.Path)
	require.NoError(tb, err)
	var all sync.WaitGroup
	var listeners []net.Listener
	for _, port := range []int{broken, spared} {
		require.NoError(tb, s.inside.Do(func() error {
			l, err := net.Listen("tcp", net.JoinHostPort("::", strconv.Itoa(port))) //nolint:noctx // closed below
			listeners = append(listeners, l)
			return err
		}))
	}
	for _, l := range listeners {
		all.Go(func() { echo(l, &all) })
	}
	tb.Cleanup(func() {
		for _, l := range listeners {
			_ = l.Close()
		}
		all.Wait()
		_ = s.inside.Close()
		_ = s.outside.Close()
	})
	return s
}

func echo(l net.Listener, all *sync.WaitGroup) {
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		conns = append(conns, c)
		all.Go(func() {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		})
	}
}

// dial connects to the service from a namespace.
func (s *stage) dial(from *netns.Namespace, to netip.Addr, port int, within time.Duration) (c net.Conn, err error) {
	s.t.Helper()
	ctx, stop := context.WithTimeout(s.t.Context(), within)
	defer stop()
	err = from.Do(func() error {
		c, err = new(net.Dialer).DialContext(ctx, "tcp", netip.AddrPortFrom(to, uint16(port)).String())
		return err
	})
	if err == nil {
		s.t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func (s *stage) open(from *netns.Namespace, to netip.Addr, port int) net.Conn {
	s.t.Helper()
	c, err := s.dial(from, to, port, soon)
	require.NoError(s.t, err)
	require.NoError(s.t, talk(c, soon))
	return c
}

// talk has a word come back.
func talk(c net.Conn, within time.Duration) error {
	if err := c.SetDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	word := []byte(rand.Text())
	if _, err := c.Write(word); err != nil {
		return err
	}
	back := make([]byte, len(word))
	if _, err := io.ReadFull(c, back); err != nil {
		return err
	}
	if !bytes.Equal(word, back) {
		return errors.New("another word came back")
	}
	return nil
}

// inTime has something take less than it would if it were hindered: once in ten
// tries, as the machine may be what held it up.
func inTime(t *testing.T, hindered time.Duration, what string, do func()) {
	t.Helper()
	for range 10 {
		began := time.Now()
		do()
		if time.Since(began) < hindered {
			return
		}
	}
	t.Errorf("%s: it took %s or more each time", what, hindered)
}

// silent says whether nothing came of it in time.
func silent(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// target is the service's network, and what else it says.
func (s *stage) target(n spec.Network) spec.Target {
	n.Namespace = s.home.Path
	return spec.Target{Network: &n}
}

func (s *stage) driver(kind string) network.Driver { return network.Driver{Kind: kind, Dir: s.dir} }

func (s *stage) plan(kind string, with map[string]string, n spec.Network) faults.Receipt {
	s.t.Helper()
	r, err := s.driver(kind).Plan(s.t.Context(), spec.Fault{Kind: kind, Target: "service", With: with}, s.target(n))
	require.NoError(s.t, err)
	r.ID, r.Experiment, r.Step = "exp/"+rand.Text(), "exp", "step"
	r.Expires = ledger.Boottime() + time.Minute
	return r
}

// inject puts a fault in force, and gives what undoes it.
func (s *stage) inject(kind string, with map[string]string, n spec.Network) (undo func()) {
	s.t.Helper()
	r := s.plan(kind, with, n)
	ctx, stop := context.WithTimeout(s.t.Context(), soon)
	defer stop()
	require.NoError(s.t, s.driver(kind).Inject(ctx, r))
	undo = sync.OnceFunc(func() {
		ctx, stop := context.WithTimeout(context.WithoutCancel(s.t.Context()), soon)
		defer stop()
		require.NoError(s.t, s.driver(kind).Rollback(ctx, r))
	})
	s.t.Cleanup(undo)
	return undo
}
