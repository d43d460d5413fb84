package topic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/k2-platform/faultline/faults"
)

// views are what each broker of the cluster says of a fault, by node id; one
// that does not answer has not seen. The controller acknowledges a change, and
// brokers hear of it afterwards, each in its own time: what one of them says is
// no answer for the others.
type views map[int32]faults.Presence

// afterFirst is how long the other brokers have once one has answered: one that
// stands still must not hold up what the others can tell.
const afterFirst = time.Second

// ask asks all brokers at once; it errs if none of them answers.
func (d Driver) ask(ctx context.Context, r faults.Receipt) (views, error) {
	c, err := d.change()
	if err != nil {
		return nil, err
	}
	var seeds []string
	if err := take(r.Undo, undoBrokers, &seeds); err != nil {
		return nil, fmt.Errorf("reading receipt %s: %w", r.ID, err)
	}
	brokers, err := listed(ctx, seeds)
	if err != nil {
		return nil, err
	}
	type answer struct {
		from int32
		seen faults.Presence
		err  error
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	answers := make(chan answer)
	for id, addr := range brokers {
		go func() {
			seen, err := askOne(ctx, addr, c, r)
			answers <- answer{id, seen, err}
		}()
	}
	all, patience := views{}, (<-chan time.Time)(nil)
	for len(all) < len(brokers) {
		select {
		case a := <-answers:
			all[a.from] = a.seen
			if a.err != nil {
				err = a.err
			} else if patience == nil {
				timer := time.NewTimer(afterFirst)
				defer timer.Stop()
				patience = timer.C
			}
		case <-patience:
			stop() // and each of them comes back
		}
	}
	if all.seen() == faults.Unseen {
		return nil, errors.Join(err, ctx.Err())
	}
	return all, nil
}

// listed are the addresses of the brokers that are up, as the cluster has them.
func listed(ctx context.Context, seeds []string) (map[int32]string, error) {
	k, err := connect(seeds)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	m, err := k.BrokerMetadata(ctx)
	if err == nil && len(m.Brokers) == 0 {
		err = errors.New("there is none")
	}
	if err != nil {
		return nil, fmt.Errorf("listing the brokers: %w", err)
	}
	out := map[int32]string{}
	for _, b := range m.Brokers {
		out[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	return out, nil
}

// askOne looks at what one broker has. Whichever the client would rather ask,
// the connection is to that one; it passes on what is the controller's to say.
// From Kafka 4.4 on a broker refuses a connection that names another (KIP-1242),
// which a client of 4.3 does not do.
func askOne(ctx context.Context, addr string, c change, r faults.Receipt) (faults.Presence, error) {
	dialer := net.Dialer{Timeout: dialWithin}
	k, err := connect([]string{addr}, kgo.MaxVersions(kversion.V4_3_0()), kgo.Dialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, addr)
	}))
	if err != nil {
		return faults.Unseen, err
	}
	defer k.Close()
	seen := faults.Unseen
	if err = k.planned(ctx, r); err == nil {
		seen, err = c.look(ctx, k, r.Undo)
	}
	if gone(err) {
		return faults.Absent, nil
	}
	if err != nil {
		return faults.Unseen, fmt.Errorf("asking the broker at %s: %w", addr, err)
	}
	return seen, nil
}

// seen is Present where any broker has the fault, and Absent where none of
// those has it that answer.
func (v views) seen() faults.Presence {
	all := slices.Collect(maps.Values(v))
	for _, p := range []faults.Presence{faults.Present, faults.Absent} {
		if slices.Contains(all, p) {
			return p
		}
	}
	return faults.Unseen
}
