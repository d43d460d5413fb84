package network_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/faults/network"
	"github.com/k2-platform/faultline/internal/netns"
	"github.com/k2-platform/faultline/spec"
)

// ways are how a client comes to the service.
func (s *stage) ways() map[string]struct {
	from *netns.Namespace
	to   netip.Addr
} {
	return map[string]struct {
		from *netns.Namespace
		to   netip.Addr
	}{
		"IPv4": {s.outside, s.home.Four}, "IPv6": {s.outside, s.home.Six.Addr()},
		"loopback": {s.inside, netip.MustParseAddr("127.0.0.1")}, "loopback IPv6": {s.inside, netip.IPv6Loopback()},
		"its own address": {s.inside, s.home.Four},
	}
}

func TestAPartitionIsOfItsPortsAlone(t *testing.T) {
	s := newStage(t)
	for name, way := range s.ways() {
		t.Run(name, func(t *testing.T) {
			s.t = t
			stands, other := s.open(way.from, way.to, broken), s.open(way.from, way.to, spared)
			undo := s.inject(network.Partition, nil, spec.Network{Ports: []int{broken}})
			assert.True(t, silent(talk(stands, never)), "a connection that stood goes on")
			_, err := s.dial(way.from, way.to, broken, never)
			assert.True(t, silent(err), "a new one: %v", err)
			require.NoError(t, talk(other, soon), "another port's connection")
			s.open(way.from, way.to, spared)
			undo()
			s.open(way.from, way.to, broken)
			require.NoError(t, stands.SetReadDeadline(time.Now().Add(soon)))
			_, err = io.ReadFull(stands, make([]byte, 26))
			require.NoError(t, err, "what was lost is sent again")
		})
	}
}

func TestAPartitionOfOneDirection(t *testing.T) {
	for _, direction := range []string{"in", "out"} {
		t.Run(direction, func(t *testing.T) {
			s := newStage(t)
			stands := s.open(s.outside, s.home.Four, broken)
			s.inject(network.Partition, map[string]string{"direction": direction}, spec.Network{Ports: []int{broken}})
			assert.True(t, silent(talk(stands, never)))
		})
	}
}

// TestAPartitionOfANamespaceLeavesItsLoopback: what never leaves it is not on
// its network.
func TestAPartitionOfANamespaceLeavesItsLoopback(t *testing.T) {
	s := newStage(t)
	four, six := s.open(s.outside, s.home.Four, broken), s.open(s.outside, s.home.Six.Addr(), spared)
	undo := s.inject(network.Partition, nil, spec.Network{})
	assert.True(t, silent(talk(four, never)))
	assert.True(t, silent(talk(six, never)))
	for name, way := range s.ways() {
		if way.from == s.inside {
			require.NoError(t, talk(s.open(way.from, way.to, broken), soon), name)
		}
	}
	undo()
	s.open(s.outside, s.home.Four, broken)
	s.open(s.outside, s.home.Six.Addr(), broken)
}

func TestOnlyItsSourcesAreCutOff(t *testing.T) {
	s := newStage(t)
	for name, c := range map[string]struct {
		sources   []string
		four, six bool // whether it is cut off
	}{
		"one address":    {[]string{s.client.Four.String()}, true, false},
		"an IPv6 one":    {[]string{s.client.Six.Addr().String()}, false, true},
		"a network":      {[]string{"10.99.0.0/24"}, true, false},
		"an IPv6 one's":  {[]string{"fd99::/64"}, false, true},
		"both":           {[]string{"10.0.0.0/8", "fd00::/8"}, true, true},
		"another":        {[]string{"10.99.0.7", "fd99::7", "10.98.0.0/16"}, false, false},
		"all of IPv4":    {[]string{"0.0.0.0/0"}, true, false},
		"the one itself": {[]string{"10.99.0.2"}, false, false},
	} {
		for kind, ports := range map[string][]int{network.Partition: {broken}, network.Delay: {broken}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				s.t = t
				undo := s.inject(kind, map[string]string{}, spec.Network{Ports: ports, Sources: c.sources})
				for to, cut := range map[netip.Addr]bool{s.home.Four: c.four, s.home.Six.Addr(): c.six} {
					within := soon
					if cut {
						within = never
					}
					conn, err := s.dial(s.outside, to, broken, within)
					if err == nil {
						err = talk(conn, within)
					}
					if cut {
						assert.True(t, silent(err), "%s: %v", to, err)
					} else {
						require.NoError(t, err, to)
					}
				}
				undo()
			})
		}
	}
}

func TestAReset(t *testing.T) {
	s := newStage(t)
	for name, way := range s.ways() {
		t.Run(name, func(t *testing.T) {
			s.t = t
			stands := s.open(way.from, way.to, broken)
			undo := s.inject(network.Reset, nil, spec.Network{Ports: []int{broken}})
			require.ErrorIs(t, talk(stands, soon), syscall.ECONNRESET)
			_, err := s.dial(way.from, way.to, broken, soon)
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			s.open(way.from, way.to, spared)
			undo()
			s.open(way.from, way.to, broken)
		})
	}
}

func TestADelayIsMetByWhatStoodToo(t *testing.T) {
	const delay = 150 * time.Millisecond
	s := newStage(t)
	for name, way := range s.ways() {
		t.Run(name, func(t *testing.T) {
			s.t = t
			stands, other := s.open(way.from, way.to, broken), s.open(way.from, way.to, spared)
			undo := s.inject(network.Delay, map[string]string{"delay": delay.String()}, spec.Network{Ports: []int{broken}})
			require.ErrorIs(t, talk(stands, soon), syscall.ECONNRESET, "one that stood, so that it comes back late")
			c, err := s.dial(way.from, way.to, broken, soon)
			require.NoError(t, err)
			assert.Equal(t, netip.AddrPortFrom(way.to, broken).String(), c.RemoteAddr().String())
			began := time.Now()
			require.NoError(t, talk(c, soon))
			assert.GreaterOrEqual(t, time.Since(began), delay)
			inTime(t, delay, "another port", func() { require.NoError(t, talk(other, soon)) })
			undo()
			require.Error(t, talk(c, soon), "what went through the proxy ends with it")
			inTime(t, delay, "after it", func() { s.open(way.from, way.to, broken) })
		})
	}
}

func TestTwoDelaysAddUp(t *testing.T) {
	const delay = 100 * time.Millisecond
	s, with := newStage(t), map[string]string{"delay": "100ms"}
	took := func() time.Duration {
		c, err := s.dial(s.outside, s.home.Four, broken, soon)
		require.NoError(t, err)
		began := time.Now()
		require.NoError(t, talk(c, soon))
		return time.Since(began)
	}
	first := s.inject(network.Delay, with, spec.Network{Ports: []int{broken}})
	second := s.inject(network.Delay, with, spec.Network{Ports: []int{broken}})
	assert.GreaterOrEqual(t, took(), 2*delay)
	first()
	assert.GreaterOrEqual(t, took(), delay)
	third := s.inject(network.Delay, with, spec.Network{Ports: []int{broken}})
	assert.GreaterOrEqual(t, took(), 2*delay)
	second()
	assert.GreaterOrEqual(t, took(), delay)
	third()
	inTime(t, delay, "after all of them", func() { took() })
}

func TestAHalfClosedConnectionFlowsOnThroughTheDelay(t *testing.T) {
	s := newStage(t)
	s.inject(network.Delay, map[string]string{"delay": "20ms", "direction": "both"}, spec.Network{Ports: []int{broken}})
	c, err := s.dial(s.outside, s.home.Four, broken, soon)
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(soon)))
	_, err = c.Write([]byte("last words"))
	require.NoError(t, err)
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	all, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Equal(t, "last words", string(all))
}

// TestABandwidthIsSharedByAllConnections measures how long a known number of
// bytes takes, by the proxy and by the kernel's own limit.
func TestABandwidthIsSharedByAllConnections(t *testing.T) {
	for name, ports := range map[string][]int{"ports": {broken}, "namespace": nil} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.inject(network.Bandwidth, map[string]string{"bytes_per_second": "400KB", "direction": "in"}, spec.Network{Ports: ports})
			began := time.Now()
			done := make(chan error)
			for range 2 {
				c, err := s.dial(s.outside, s.home.Four, broken, soon)
				require.NoError(t, err)
				require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
				go func() {
					_, err := c.Write(make([]byte, 400_000))
					done <- err
				}()
				go func() {
					_, err := io.CopyN(io.Discard, c, 400_000)
					done <- err
				}()
			}
			for range 4 {
				require.NoError(t, <-done)
			}
			assert.Greater(t, time.Since(began), 500*time.Millisecond, "800 kB at 400 kB/s, but for a burst of a second and 128 KiB")
		})
	}
}

func TestALossIsOfAShareOfThePackets(t *testing.T) {
	s := newStage(t)
	reached := func() int {
		var from, to net.PacketConn
		require.NoError(t, s.inside.Do(func() (err error) {
			to, err = net.ListenPacket("udp", netip.AddrPortFrom(s.home.Four, 0).String()) //nolint:noctx // closed below
			return err
		}))
		defer func() { _ = to.Close() }()
		require.NoError(t, to.(*net.UDPConn).SetReadBuffer(200_000), "for all that is sent")
		require.NoError(t, s.outside.Do(func() (err error) {
			from, err = net.ListenPacket("udp", netip.AddrPortFrom(s.client.Four, 0).String()) //nolint:noctx // closed below
			return err
		}))
		defer func() { _ = from.Close() }()
		for range 400 {
			_, err := from.WriteTo([]byte("x"), to.LocalAddr())
			require.NoError(t, err)
		}
		for n, buf := 0, make([]byte, 1); ; n++ {
			require.NoError(t, to.SetReadDeadline(time.Now().Add(never)))
			if _, _, err := to.ReadFrom(buf); err != nil {
				return n
			}
		}
	}
	s.open(s.outside, s.home.Four, broken) // and so who has which address is known
	require.Equal(t, 400, reached())
	for share, bounds := range map[string][2]int{"50%": {120, 280}, "10%": {320, 395}, "100%": {0, 0}, "0.1": {320, 395}} {
		undo := s.inject(network.Loss, map[string]string{"share": share}, spec.Network{})
		got := reached()
		assert.True(t, got >= bounds[0] && got <= bounds[1], "of 400 packets %d came through a loss of %s", got, share)
		undo()
	}
	require.Equal(t, 400, reached())
}

func TestNameServers(t *testing.T) {
	s := newStage(t)
	// The name server is outside; who asks it is inside.
	var server net.PacketConn
	require.NoError(t, s.outside.Do(func() (err error) {
		server, err = net.ListenPacket("udp", netip.AddrPortFrom(s.client.Four, 53).String()) //nolint:noctx // closed below
		return err
	}))
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		for buf := make([]byte, 64); ; {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(buf[:n], from)
		}
	}()
	ask := func(within time.Duration) error {
		var c net.Conn
		require.NoError(t, s.inside.Do(func() (err error) {
			c, err = new(net.Dialer).DialContext(t.Context(), "udp", netip.AddrPortFrom(s.client.Four, 53).String())
			return err
		}))
		defer func() { _ = c.Close() }()
		return talk(c, within)
	}
	require.NoError(t, ask(soon))
	undo := s.inject(network.DNS, nil, spec.Network{})
	assert.True(t, silent(ask(never)), "no answer")
	s.open(s.outside, s.home.Four, broken)
	undo()
	require.NoError(t, ask(soon))
	undo = s.inject(network.DNS, map[string]string{"how": "refused"}, spec.Network{})
	require.ErrorIs(t, ask(soon), syscall.ECONNREFUSED)
	undo()
	undo = s.inject(network.DNS, map[string]string{"how": "refused"}, spec.Network{Sources: []string{"10.99.0.9"}})
	require.NoError(t, ask(soon), "another name server")
	undo()
	ctx, stop := context.WithTimeout(t.Context(), soon)
	defer stop()
	undo = s.inject(network.DNS, map[string]string{"how": "refused"}, spec.Network{})
	require.ErrorIs(t, s.inside.Do(func() error {
		_, err := new(net.Dialer).DialContext(ctx, "tcp", netip.AddrPortFrom(s.client.Four, 53).String())
		return err
	}), syscall.ECONNREFUSED)
	undo()
}
