package halt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/embedded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func server(t *testing.T) *embedded.NATS {
	t.Helper()
	n, err := embedded.StartNATS(embedded.NATSConfig{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

func connect(t *testing.T, n *embedded.NATS) *halt.Conn {
	t.Helper()
	c, err := halt.Connect(halt.Config{URL: n.URL(), Name: t.Name()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// fake is an agent that says yes and counts.
type fake struct {
	name, instance string
	mu             sync.Mutex
	beats          []uint64
	orders         []halt.Order
	fail           bool
}

func (f *fake) Inject(q halt.Request) halt.Reply {
	return halt.Reply{State: halt.Working, Why: string(q.Step)}
}
func (f *fake) Undo(halt.Undo) halt.Reply     { return halt.Reply{State: halt.Working} }
func (f *fake) Status(halt.Status) halt.Reply { return halt.Reply{State: halt.Gone} }
func (f *fake) Hello() halt.Hello             { return halt.Hello{Name: f.name, Instance: f.instance} }

func (f *fake) Renew(r halt.Renewal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.beats = append(f.beats, r.Beat)
}

func (f *fake) Halt(_ context.Context, o halt.Order) halt.Answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders = append(f.orders, o)
	a := halt.Answer{Agent: f.name, Instance: f.instance, Undone: 2}
	if f.fail {
		a.Failed = []string{"x/s: no power"}
	}
	return a
}

func (f *fake) Resume(_ context.Context, r halt.Resume) halt.Answer {
	return halt.Answer{Agent: f.name, Instance: f.instance, Latched: r.Order}
}

// serve runs an agent until the test ends, and returns once it is heard.
func serve(t *testing.T, n *embedded.NATS, f *fake) {
	t.Helper()
	c := connect(t, n)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Serve(ctx, f, nil) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-done) })
	heard := make(chan struct{})
	listen, end := context.WithTimeout(context.Background(), 10*time.Second)
	defer end()
	var once sync.Once
	require.NoError(t, connect(t, n).Hear(listen, func(h halt.Heard) {
		if h.Name == f.name {
			once.Do(func() { close(heard); end() })
		}
	}))
	select {
	case <-heard:
	default:
		t.Fatal("the agent is not heard")
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	t.Cleanup(stop)
	return ctx
}

func TestRequestsReachOneAgentAndOrdersAll(t *testing.T) {
	n := server(t)
	a, b := &fake{name: "a", instance: "1"}, &fake{name: "b", instance: "2", fail: true}
	serve(t, n, a)
	serve(t, n, b)
	c := connect(t, n)
	got, err := c.Inject(within(t, 5*time.Second), "a", halt.Request{Step: "s"})
	require.NoError(t, err)
	assert.Equal(t, halt.Reply{State: halt.Working, Why: "s"}, got)

	out, err := c.Stop(within(t, 5*time.Second), halt.Order{By: "me"}, []string{"a", "b"})
	require.NoError(t, err)
	assert.Empty(t, out.Silent)
	assert.Equal(t, 4, out.Undone())
	assert.Equal(t, []string{"b: x/s: no power"}, out.Failed())
	assert.Len(t, a.orders, 1)
	assert.True(t, a.orders[0].All())
	assert.Equal(t, out.Order, a.orders[0].ID)

	out, err = c.Stop(within(t, 300*time.Millisecond), halt.Order{By: "me"}, []string{"a", "b", "gone"})
	require.NoError(t, err)
	assert.Equal(t, []string{"gone"}, out.Silent, "an agent that says nothing is named")
}

// TestAnOrderFindsOutWhoShouldAnswer: the roster is read while the order is on
// its way.
func TestAnOrderFindsOutWhoShouldAnswer(t *testing.T) {
	n := server(t)
	serve(t, n, &fake{name: "a", instance: "1"})
	c := connect(t, n)
	ctx := within(t, 20*time.Second)
	require.NoError(t, c.Enrol(ctx, halt.Hello{Name: "a"}))
	out, err := c.Stop(ctx, halt.Order{By: "me"}, nil)
	require.NoError(t, err)
	assert.Empty(t, out.Silent)
	assert.Len(t, out.Answers, 1)
	require.NoError(t, c.Enrol(ctx, halt.Hello{Name: "gone"}))
	out, err = c.Stop(within(t, 500*time.Millisecond), halt.Order{By: "me"}, nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"gone"}, out.Silent)
	assert.Len(t, out.Answers, 1)
}

// TestAnOrderNeedsNoRoster: where JetStream does not answer, the order goes
// out all the same, and who did not answer is not known.
func TestAnOrderNeedsNoRoster(t *testing.T) {
	n, err := embedded.StartNATS(embedded.NATSConfig{}) // has no JetStream
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	serve(t, n, &fake{name: "a", instance: "1"})
	out, err := connect(t, n).Stop(within(t, time.Second), halt.Order{By: "me"}, nil)
	require.ErrorContains(t, err, "roster of agents")
	assert.Len(t, out.Answers, 1)
}

// stranger is a server that lets nobody in. It returns once somebody has
// knocked often enough, and its address is free again.
func stranger(t *testing.T, connect func(url string)) (addr string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr = l.Addr().String()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 4 {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = fmt.Fprint(c, `INFO {"server_id":"x","version":"2.10.0","max_payload":1000,"auth_required":true,"nonce":"n"}`+"\r\n")
			_, _ = bufio.NewReader(c).ReadString('\n')
			_, _ = fmt.Fprint(c, "-ERR 'Authorization Violation'\r\n")
			_ = c.Close()
		}
	}()
	connect("nats://" + addr)
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Error("it stopped asking")
	}
	require.NoError(t, l.Close())
	<-done
	return addr
}

// TestAServerMayLearnAKeyLater: one that is not let in goes on asking.
func TestAServerMayLearnAKeyLater(t *testing.T) {
	dir := t.TempDir()
	start := func(addr string) *embedded.NATS {
		n, err := embedded.StartNATS(embedded.NATSConfig{Dir: dir, Prefix: halt.DefaultPrefix, Addr: addr})
		require.NoError(t, err)
		return n
	}
	require.NoError(t, start("").Close()) // makes the key
	var c *halt.Conn
	addr := stranger(t, func(url string) {
		var err error
		c, err = halt.Connect(halt.Config{URL: url, NKey: halt.KeyFile(dir, halt.RoleAgent)})
		require.NoError(t, err)
	})
	defer func() { require.NoError(t, c.Close()) }()
	n := start(addr)
	defer func() { require.NoError(t, n.Close()) }()
	_, err := c.Roster(within(t, 20*time.Second))
	require.NoError(t, err)
}

// TestAnyMessageStops: an empty one is the shortest order there is.
func TestAnyMessageStops(t *testing.T) {
	n := server(t)
	a := &fake{name: "a", instance: "1"}
	serve(t, n, a)
	plain, err := nats.Connect(n.URL())
	require.NoError(t, err)
	defer plain.Close()
	for _, text := range []string{"", "stop it!", `{"experiment": 7}`} {
		m, err := plain.Request("faultline.halt", []byte(text), 5*time.Second)
		require.NoError(t, err)
		var got halt.Answer
		require.NoError(t, json.Unmarshal(m.Data, &got))
		assert.Equal(t, "a", got.Agent)
	}
	for _, o := range a.orders {
		assert.True(t, o.All())
		assert.NotEmpty(t, o.ID)
		assert.Equal(t, halt.ByOperator, o.Cause)
	}
}

func TestASecondAgentOfANameIsRefused(t *testing.T) {
	n := server(t)
	serve(t, n, &fake{name: "a", instance: "1"})
	err := connect(t, n).Serve(within(t, 10*time.Second), &fake{name: "a", instance: "2"}, func() { t.Error("it is not alone") })
	require.ErrorIs(t, err, halt.ErrNameTaken)
	err = connect(t, n).Serve(within(t, 10*time.Second), &fake{name: "not a name", instance: "3"}, nil)
	require.ErrorContains(t, err, "letters, digits")
}

func TestRosterKeepsWhoDidNotLeave(t *testing.T) {
	n := server(t)
	c := connect(t, n)
	ctx := within(t, 10*time.Second)
	all, err := c.Roster(ctx)
	require.NoError(t, err)
	assert.Empty(t, all)
	require.NoError(t, c.Enrol(ctx, halt.Hello{Name: "a", Host: "h"}))
	require.NoError(t, c.Enrol(ctx, halt.Hello{Name: "b"}))
	require.NoError(t, c.Leave(ctx, "b"))
	require.NoError(t, c.Leave(ctx, "never-was"))
	all, err = c.Roster(ctx)
	require.NoError(t, err)
	assert.Equal(t, []halt.Hello{{Name: "a", Host: "h"}}, all)
}

// TestOneOwnerAtATime lets three controllers contend; whoever leads checks
// that nobody else does, and a later owner has a higher epoch.
func TestOneOwnerAtATime(t *testing.T) {
	n := server(t)
	var leading atomic.Int32
	var mu sync.Mutex
	var epochs []uint64
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	var wait sync.WaitGroup
	for i := range 3 {
		c := connect(t, n)
		wait.Go(func() {
			for range 2 {
				err := c.Hold(ctx, halt.Contest{Controller: fmt.Sprint(i), Lease: 500 * time.Millisecond}, func(lead context.Context, o halt.Owner) error {
					if leading.Add(1) != 1 {
						t.Error("two own the experiments")
					}
					mu.Lock()
					epochs = append(epochs, o.Epoch)
					mu.Unlock()
					short, end := context.WithTimeout(lead, 200*time.Millisecond)
					<-short.Done()
					end()
					leading.Add(-1)
					return context.Canceled // gives the place up
				})
				if err == nil {
					t.Error("ran out of time")
				}
			}
		})
	}
	wait.Wait()
	assert.Len(t, epochs, 6)
	assert.IsIncreasing(t, epochs)
}

// TestASilentOwnerLosesItsPlace: one that cannot speak any more is succeeded
// after a lease, and its own lead has ended by then.
func TestASilentOwnerLosesItsPlace(t *testing.T) {
	n := server(t)
	first := connect(t, n)
	led := make(chan struct{})
	lost := make(chan time.Time, 1)
	done := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		done <- first.Hold(ctx, halt.Contest{Controller: "first", Lease: time.Second}, func(lead context.Context, _ halt.Owner) error {
			close(led)
			<-lead.Done()
			lost <- time.Now()
			return nil
		})
	}()
	<-led
	require.NoError(t, first.Close())
	second := connect(t, n)
	err := second.Hold(within(t, 15*time.Second), halt.Contest{Controller: "second", Lease: time.Second}, func(context.Context, halt.Owner) error {
		select {
		case <-lost:
		default:
			t.Error("the first owner still leads")
		}
		return context.Canceled
	})
	require.ErrorIs(t, err, context.Canceled)
	stop()
	require.NoError(t, <-done)
}

func TestOutboxKeepsOrderAndWhatWasNotDone(t *testing.T) {
	n := server(t)
	c := connect(t, n)
	ctx := within(t, 30*time.Second)
	require.NoError(t, c.OpenOutbox(ctx))
	for i := range 5 {
		id := fmt.Sprintf("r-%d", i)
		require.NoError(t, c.Put(ctx, id, "x", map[string]string{"ce_id": id}, []byte(id)))
		require.NoError(t, c.Put(ctx, id, "x", nil, []byte("again")), "the same id is stored once")
	}
	take := func(n int, done bool) (got []string) {
		each, stop := context.WithCancel(ctx)
		defer stop()
		err := c.Take(each, func(e halt.Entry) {
			got = append(got, e.Headers["ce_id"]+"="+string(e.Data)+"@"+e.Key)
			if done {
				require.NoError(t, e.Done())
			}
			if len(got) == n {
				stop()
			}
		})
		require.NoError(t, err)
		return got
	}
	want := []string{"r-0=r-0@x", "r-1=r-1@x", "r-2=r-2@x", "r-3=r-3@x", "r-4=r-4@x"}
	assert.Equal(t, want, take(5, false))
	require.NoError(t, c.Put(ctx, "r-5", "x", map[string]string{"ce_id": "r-5"}, []byte("r-5")))
	began := time.Now()
	assert.Equal(t, append(want, "r-5=r-5@x"), take(6, true), "what was not done with comes again, before what is new")
	assert.Less(t, time.Since(began), 10*time.Second, "and does not wait for the earlier life to time out")
}
