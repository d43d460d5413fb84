package relay_test

import (
	"context"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/shape"
)

func TestABrokerThatIsNotThereClosesItsClientsAndIsFoundAgain(t *testing.T) {
	at := free(t)
	address, log := before(t, at, nil)
	closes(t, dial(t, address))
	log.has(t, "connecting to broker "+at)

	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", at)
	require.NoError(t, err)
	serveOn(t, l, same())
	exchange(t, dial(t, address), heartbeat(1))
}

func TestBootstrapAddressesAreTriedInOrder(t *testing.T) {
	p := start(t, relay.Config{Brokers: []string{free(t), scripted(t, same()), free(t)}})
	exchange(t, dial(t, p.Addr()), heartbeat(1))
}

func TestABrokerRestartsBehindItsListener(t *testing.T) {
	dir := t.TempDir()
	up := func(ports ...int) *kfake.Cluster {
		k, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.SeedTopics(3, "trades"), kfake.DataDir(dir), kfake.Ports(ports...))
		require.NoError(t, err)
		return k
	}
	k := up(0, 0, 0)
	var ports []int
	for _, a := range k.ListenAddrs() {
		_, port, err := net.SplitHostPort(a)
		require.NoError(t, err)
		n, err := strconv.Atoi(port)
		require.NoError(t, err)
		ports = append(ports, n)
	}
	p := start(t, relay.Config{Brokers: k.ListenAddrs()})
	c := client(t, p.Addr())
	ctx := within(t)
	record := func() *kgo.Record { return &kgo.Record{Topic: "trades", Value: []byte("x")} }
	require.NoError(t, c.ProduceSync(ctx, record()).FirstErr())
	k.Close()
	k = up(ports...)
	defer k.Close()
	require.NoError(t, c.ProduceSync(ctx, record()).FirstErr())
}

// metadata names one broker, whose id is 1.
func metadata(host string, port int32) func(frame.Header, []byte) []byte {
	return func(h frame.Header, raw []byte) []byte {
		if h.Key != frame.Metadata {
			return raw
		}
		r := kmsg.NewPtrMetadataResponse()
		r.Version = h.Version
		b := kmsg.NewMetadataResponseBroker()
		b.NodeID, b.Host, b.Port = 1, host, port
		r.Brokers = append(r.Brokers, b)
		return r.AppendTo(nil)
	}
}

func toldAddress(t *testing.T, c net.Conn) string {
	t.Helper()
	f := exchange(t, c, request(kmsg.NewPtrMetadataRequest(), 8, 1))
	r := kmsg.NewPtrMetadataResponse()
	r.Version = 8
	require.NoError(t, r.ReadFrom(f[8:]))
	require.Len(t, r.Brokers, 1)
	return net.JoinHostPort(r.Brokers[0].Host, strconv.Itoa(int(r.Brokers[0].Port)))
}

func split(t *testing.T, address string) (string, int32) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	n, err := strconv.ParseInt(port, 10, 32)
	require.NoError(t, err)
	return host, int32(n)
}

func TestABrokerThatMovesIsFollowedAndItsListenerStays(t *testing.T) {
	was, now := make(chan struct{}, 9), make(chan struct{}, 9)
	at := func(seen chan struct{}) string {
		return scripted(t, answering(func(_ frame.Header, raw []byte) []byte { seen <- struct{}{}; return raw }))
	}
	first, second := at(was), at(now)
	host, port := split(t, first)
	tell := metadata(host, port)
	address, log := before(t, scripted(t, answering(func(h frame.Header, raw []byte) []byte { return tell(h, raw) })), nil)
	boot := dial(t, address)
	told := toldAddress(t, boot)
	exchange(t, dial(t, told), heartbeat(1))
	<-was

	_, port = split(t, second)
	tell = metadata(host, port)
	assert.Equal(t, told, toldAddress(t, boot))
	log.has(t, "a broker has another address")
	exchange(t, dial(t, told), heartbeat(1))
	<-now
}

func TestABrokerHasAPortOfTheRange(t *testing.T) {
	_, first := split(t, free(t))
	ports := relay.Ports{First: int(first), Last: int(first) + 50}
	p := start(t, relay.Config{Brokers: []string{scripted(t, answering(metadata("kafka", 9092)))}, Ports: ports})
	_, port := split(t, toldAddress(t, dial(t, p.Addr())))
	assert.GreaterOrEqual(t, int(port), ports.First)
	assert.LessOrEqual(t, int(port), ports.Last)
}

func TestWithoutAFreePortNoAddressIsTold(t *testing.T) {
	taken := scripted(t, same())
	_, port := split(t, taken)
	l := new(logged)
	p := start(t, relay.Config{
		Brokers: []string{scripted(t, answering(metadata("kafka", 9092)))}, Ports: relay.Ports{First: int(port), Last: int(port)}, Log: l.log(),
	})
	c := dial(t, p.Addr())
	_, err := c.Write(request(kmsg.NewPtrMetadataRequest(), 8, 1))
	require.NoError(t, err)
	closes(t, c)
	l.has(t, "give a wider range")
}

func TestTheAddressThatIsTold(t *testing.T) {
	for name, c := range map[string]struct{ listen, advertise, host string }{
		"that of the listener":         {"localhost:0", "", "localhost"},
		"that which the client dialed": {":0", "", "127.0.0.1"},
		"that which is advertised":     {"127.0.0.1:0", "proxy.test", "proxy.test"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, relay.Config{Brokers: []string{scripted(t, answering(metadata("kafka", 9092)))}, Listen: c.listen, Advertise: c.advertise})
			_, port := split(t, p.Addr())
			host, _ := split(t, toldAddress(t, dial(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(int(port))))))
			assert.Equal(t, c.host, host)
		})
	}
}

func TestAResponseThatIsDueIsWaitedFor(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	broker := scripted(t, answering(func(frame.Header, []byte) []byte {
		close(asked)
		<-answer
		return nil
	}))
	p, err := relay.New(relay.Config{Brokers: []string{broker}, Drain: 20 * time.Second})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	c := dial(t, p.Addr())
	_, err = c.Write(heartbeat(1))
	require.NoError(t, err)
	<-asked
	idle := dial(t, p.Addr())
	cancel()
	closes(t, idle)
	close(answer)
	_, err = readFrame(c)
	require.NoError(t, err)
	closes(t, c)
	require.NoError(t, <-done, "and nothing else is waited for")
	_, err = (&net.Dialer{}).DialContext(t.Context(), "tcp", p.Addr())
	require.Error(t, err)
}

func TestAnEndIsNotWaitedForLongerThanAllowed(t *testing.T) {
	asked := make(chan struct{}, 1)
	broker := scripted(t, func(c net.Conn) {
		_, _ = readFrame(c)
		asked <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
	})
	p, err := relay.New(relay.Config{Brokers: []string{broker}, Drain: 20 * time.Millisecond})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	c := dial(t, p.Addr())
	_, err = c.Write(heartbeat(1))
	require.NoError(t, err)
	<-asked
	cancel()
	require.NoError(t, <-done)
	closes(t, c)
}

func TestAHalfClosedClientHearsItsAnswers(t *testing.T) {
	broker := scripted(t, func(c net.Conn) {
		raw, _ := io.ReadAll(c)
		_, _ = c.Write(framed(1, raw))
	})
	address, _ := before(t, broker, nil)
	c := dial(t, address)
	_, err := c.Write(heartbeat(1))
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	_, err = readFrame(c)
	require.NoError(t, err)
	closes(t, c)
}

func TestAClientThatVanishesEndsItsBrokersConnection(t *testing.T) {
	over := make(chan struct{})
	broker := scripted(t, func(c net.Conn) {
		_, _ = io.Copy(io.Discard, c)
		close(over)
	})
	address, _ := before(t, broker, nil)
	c := dial(t, address)
	_, err := c.Write(heartbeat(1))
	require.NoError(t, err)
	require.NoError(t, c.SetLinger(0))
	require.NoError(t, c.Close())
	select {
	case <-over:
	case <-within(t).Done():
		t.Fatal("the broker's connection stays")
	}
}

func TestBytesOfARawListenerAreShaped(t *testing.T) {
	lift := make(chan struct{})
	links := make(chan relay.Link, 1)
	at := free(t)
	start(t, relay.Config{Raw: map[string]string{scripted(t, same()): at}, Faults: &script{
		shaped: func(l relay.Link, h *frame.Header, way rule.Direction) *shape.Shape {
			assert.Nil(t, h)
			select {
			case links <- l:
			default:
			}
			if way == rule.Response {
				return &shape.Shape{Stalled: lift}
			}
			return nil
		},
	}})
	c := dial(t, at)
	_, err := c.Write(heartbeat(1))
	require.NoError(t, err)
	assert.True(t, (<-links).Raw)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = readFrame(c)
	require.Error(t, err)
	close(lift)
	require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err = readFrame(c)
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	closes(t, c)
}

func TestAConfigurationIsRefusedWithAllItsProblems(t *testing.T) {
	_, err := relay.New(relay.Config{Listen: "here", Ports: relay.Ports{First: 9, Last: 3}, MaxFrame: -1})
	for _, problem := range []string{"no brokers", `address "here"`, "ports 9-3", "a bound is negative"} {
		require.ErrorContains(t, err, problem)
	}
	_, err = relay.New(relay.Config{Brokers: []string{"kafka:9092"}, Listen: scripted(t, same())})
	require.ErrorContains(t, err, "name another address")
}

func TestAClientThatDoesNotReadHoldsUpNoEnd(t *testing.T) {
	shaped := func(s shape.Shape) relay.Faults {
		return &script{needs: relay.NeedShape, shaped: func(_ relay.Link, _ *frame.Header, way rule.Direction) *shape.Shape {
			if way == rule.Request {
				return nil
			}
			return &s
		}}
	}
	stalled := make(chan struct{})
	for name, faults := range map[string]relay.Faults{"untouched": nil, "shaped": shaped(shape.Shape{}), "stalled": shaped(shape.Shape{Stalled: stalled})} {
		t.Run(name, func(t *testing.T) {
			body := make([]byte, 64<<20)
			answered := make(chan struct{})
			broker := scripted(t, answering(func(frame.Header, []byte) []byte {
				close(answered)
				return body
			}))
			p, err := relay.New(relay.Config{Brokers: []string{broker}, Drain: time.Millisecond, Faults: faults})
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- p.Run(ctx) }()
			c := dial(t, p.Addr())
			_, err = c.Write(heartbeat(1))
			require.NoError(t, err)
			<-answered
			if name != "stalled" {
				_, err = io.ReadFull(c, make([]byte, 8)) // the answer flows, and then backs up
				require.NoError(t, err)
			}
			cancel()
			select {
			case err := <-done:
				require.NoError(t, err)
			case <-within(t).Done():
				t.Fatal("the proxy does not end")
			}
		})
	}
}
