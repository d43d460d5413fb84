package redirect_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/k2-platform/faultline/faults/kafkaproxy/redirect"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/internal/netns/netnstest"
)

const childPath, childPort = "REDIRECT_TEST_PATH", "REDIRECT_TEST_PORT"

func TestMain(m *testing.M) {
	if path, is := os.LookupEnv(childPath); is {
		child(path)
		return
	}
	goleak.VerifyTestMain(m)
}

// child redirects until it is killed.
func child(path string) {
	port, err := strconv.Atoi(os.Getenv(childPort))
	if err != nil {
		panic(err)
	}
	r, err := redirect.Open(path, []int{port})
	if err != nil {
		panic(err)
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = r.Close()
}

func TestWhatIsOpenedToABrokerComesToTheProxy(t *testing.T) {
	for name, address := range map[string]string{"IPv4": "127.0.0.1:0", "IPv6": "[::1]:0"} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, address)
			assert.Equal(t, "broker", s.says(), "before the redirect")
			r, err := redirect.Open(s.path, []int{s.port()})
			require.NoError(t, err)
			s.serve(r)
			assert.Equal(t, "proxy for "+s.broker, s.says(), "under it")

			c, err := r.Dial(t.Context(), s.broker)
			require.NoError(t, err, "the proxy's own connection")
			assert.Equal(t, "broker", line(t, c), "the proxy's own connection is not led back")

			require.NoError(t, r.Close())
			assert.Equal(t, "broker", s.says(), "after it")
		})
	}
}

func TestOtherPortsAreLeftAlone(t *testing.T) {
	s := newStage(t, "127.0.0.1:0")
	r, err := redirect.Open(s.path, []int{s.port() + 1})
	require.NoError(t, err)
	defer func() { assert.NoError(t, r.Close()) }()
	assert.Equal(t, "broker", s.says())
}

func TestTwoRedirectsStandSideBySide(t *testing.T) {
	s := newStage(t, "127.0.0.1:0")
	first, err := redirect.Open(s.path, []int{s.port() + 1})
	require.NoError(t, err)
	second, err := redirect.Open(s.path, []int{s.port()})
	require.NoError(t, err)
	s.serve(second)
	assert.Equal(t, "proxy for "+s.broker, s.says())
	require.NoError(t, first.Close())
	assert.Equal(t, "proxy for "+s.broker, s.says(), "the end of one is not that of the other")
	require.NoError(t, second.Close())
}

func TestAProxyThatIsKilledLeavesTheWayStraight(t *testing.T) {
	s := newStage(t, "127.0.0.1:0")
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test's own binary
	cmd.Env = append(os.Environ(), childPath+"="+s.path, childPort+"="+strconv.Itoa(s.port()))
	cmd.Stderr = os.Stderr
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	text, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "open\n", text)
	c := s.dial()
	require.NoError(t, c.SetDeadline(time.Now().Add(200*time.Millisecond)))
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded, "the child takes connections and says nothing: the redirect was not there")
	require.NoError(t, c.Close())
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	assert.Equal(t, "broker", s.says())
}

// TestOfItsOwnNamespaceItNeedsToBeNoRoot: a sidecar has its pod's namespace,
// and of capabilities no more than is needed.
func TestOfItsOwnNamespaceItNeedsToBeNoRoot(t *testing.T) {
	netnstest.New(t) // skips without the right to make one
	binary := filepath.Join(t.TempDir(), "child")
	self, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, self, 0o700))
	require.NoError(t, os.Chown(binary, nobody, nobody))
	for dir := filepath.Dir(binary); dir != os.TempDir(); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755)) //nolint:gosec // another user is to reach the program
	}
	cmd := exec.CommandContext(t.Context(), binary) //nolint:gosec // this test's own binary
	cmd.Env = append(os.Environ(), childPath+"=", childPort+"=9092")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET, Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: []uintptr{unix.CAP_NET_ADMIN},
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "open\n", string(out))
}

const nobody = 65534

func TestRefusals(t *testing.T) {
	_, err := redirect.Open("", nil)
	require.ErrorContains(t, err, "no port is named")
	_, err = redirect.Open("/run/netns/there-is-none", []int{9092})
	require.ErrorContains(t, err, "see that it is bound there")
}

// stage is a namespace with a broker that says who it is.
type stage struct {
	t            *testing.T
	path, broker string
	ns           *netns.Namespace
}

func newStage(t *testing.T, address string) *stage {
	t.Helper()
	s := &stage{t: t, path: netnstest.New(t)}
	var err error
	s.ns, err = netns.Open(s.path)
	require.NoError(t, err)
	var l net.Listener
	require.NoError(t, s.ns.Do(func() (err error) {
		l, err = net.Listen("tcp", address) //nolint:noctx // closed below
		return err
	}))
	s.broker = l.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		answer(l, func(net.Conn) string { return "broker" })
	}()
	t.Cleanup(func() {
		assert.NoError(t, l.Close())
		<-done
		assert.NoError(t, s.ns.Close())
	})
	return s
}

func answer(l net.Listener, text func(net.Conn) string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = fmt.Fprintln(c, text(c))
		_ = c.Close()
	}
}

func (s *stage) serve(r *redirect.Redirect) {
	for _, l := range r.Listeners() {
		go answer(l, func(c net.Conn) string {
			to, err := r.Original(c)
			if err != nil {
				return err.Error()
			}
			return "proxy for " + to.String()
		})
	}
}

func (s *stage) port() int {
	_, p, err := net.SplitHostPort(s.broker)
	require.NoError(s.t, err)
	n, err := strconv.Atoi(p)
	require.NoError(s.t, err)
	return n
}

func (s *stage) dial() (c net.Conn) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Second)
	defer cancel()
	require.NoError(s.t, s.ns.Do(func() (err error) {
		c, err = new(net.Dialer).DialContext(ctx, "tcp", s.broker)
		return err
	}))
	return c
}

func (s *stage) says() string { return line(s.t, s.dial()) }

func line(t *testing.T, c net.Conn) string {
	t.Helper()
	defer func() { _ = c.Close() }()
	require.NoError(t, c.SetDeadline(time.Now().Add(5*time.Second)))
	text, err := bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(text)
}
