// Package topic breaks what Kafka's brokers keep of a topic or a cluster, by
// their admin API: settings, leaders, replicas, quotas. It also produces poison
// to a topic, which nobody can take back.
//
// What brokers keep outlives every process: nothing ends such a fault by
// itself. So its receipt says all that was there before, and whoever has it
// puts that back: only what is still as the fault left it. What somebody else
// changed meanwhile has overtaken the fault, and stays as they made it.
package topic

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/spec"
)

// What every receipt holds; each kind adds its own.
const (
	undoBrokers = "brokers"  // of the cluster, as JSON
	undoTopic   = "topic"    // its name, "" where the fault is on the cluster
	undoTopicID = "topic_id" // of this life of it: one made anew by that name is another
	undoWas     = "was"      // what was there, as JSON
	undoSet     = "set"      // what the fault puts in its place, as JSON
)

// change is what a kind changes, and how it is put back. The cluster answers,
// and the topic is the planned one, when it is asked.
type change interface {
	describe() faults.Kind
	// plan adds to undo what is needed, and changes nothing.
	plan(ctx context.Context, k *kafka, with, undo map[string]string) error
	put(ctx context.Context, k *kafka, undo map[string]string) error
	// back puts back what is still as put left it.
	back(ctx context.Context, k *kafka, undo map[string]string) error
	look(ctx context.Context, k *kafka, undo map[string]string) (faults.Presence, error)
}

// Driver makes one kind of change. All kinds but Poison's have it.
//
// Lag is how far a broker may be behind what the controller has acknowledged;
// 0 is a second. A fault that not all brokers have shown is looked out for that
// long.
type Driver struct {
	Kind string
	Lag  time.Duration
}

var _ faults.Driver = Driver{}

func changes() []change { return []change{quota{}, moveLeader{}, reassign{}, settings{}} }

// Changed are the kinds of Driver, in the order of their names.
func Changed() []faults.Kind {
	var out []faults.Kind
	for _, c := range changes() {
		out = append(out, c.describe())
	}
	return out
}

func (d Driver) change() (change, error) {
	for _, c := range changes() {
		if c.describe().Name == d.Kind {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w: there is no change %q of a topic or cluster", faults.ErrRefused, d.Kind)
}

// Plan asks the cluster for what is there. It refuses a topic that is not
// there, and a fault that would change nothing: faults.ErrRefused.
func (d Driver) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	r, err := d.plan(ctx, f, t)
	return faults.Planned(d.Kind, f, r, err)
}

func (d Driver) plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	c, err := d.change()
	if err != nil {
		return faults.Receipt{}, err
	}
	if err := c.describe().Check(f, t); err != nil {
		return faults.Receipt{}, err
	}
	r, k, err := begin(ctx, f, t)
	if err != nil {
		return faults.Receipt{}, err
	}
	defer k.Close()
	return r, c.plan(ctx, k, f.With, r.Undo)
}

// begin is what all kinds plan: which boot this is, which cluster and topic.
// The caller closes the connection.
func begin(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, *kafka, error) {
	boot, err := process.BootID()
	if err != nil {
		return faults.Receipt{}, nil, err
	}
	brokers, name := brokersOf(t)
	k, err := connect(brokers)
	if err != nil {
		return faults.Receipt{}, nil, err
	}
	r := faults.Receipt{Kind: f.Kind, Target: string(f.Target), BootID: boot, Undo: map[string]string{}}
	if err = put(r.Undo, undoBrokers, brokers); err == nil && name != "" {
		var found topic
		if found, err = k.topic(ctx, name); err == nil {
			r.Undo[undoTopic], r.Undo[undoTopicID] = name, found.ID.String()
		}
	}
	if err != nil {
		k.Close()
		return faults.Receipt{}, nil, err
	}
	return r, k, nil
}

func brokersOf(t spec.Target) (brokers []string, topic string) {
	if t.Topic != nil {
		return t.Topic.Brokers, t.Topic.Name
	}
	return t.Cluster.Brokers, ""
}

// Inject makes the change. What is no longer as it was planned for is left
// alone: faults.ErrRefused. Once the cluster was asked to change something it
// waits for up to Lag until that is seen, even if ctx has ended: whoever undoes
// it next then finds it.
func (d Driver) Inject(ctx context.Context, r faults.Receipt) error {
	err, asked := ctx.Err(), false
	if err == nil {
		err = d.on(ctx, r, func(k *kafka, c change) error {
			defer func() { asked = k.asked }()
			return c.put(ctx, k, r.Undo)
		})
	}
	if err != nil {
		err = fmt.Errorf("injecting %s into %s: %w", r.Kind, r.Target, err)
	} else {
		err = faults.Await(ctx, d, r, faults.Present)
	}
	if asked && ctx.Err() != nil {
		see, stop := context.WithTimeout(context.WithoutCancel(ctx), d.lag())
		defer stop()
		_ = faults.Await(see, d, r, faults.Present) // the error that is told is the first
	}
	return err
}

// Rollback puts back what was there. A topic that is gone has taken the fault
// along; a cluster that does not answer has not: it is an error. It returns once
// none of the brokers that answer has the fault; a fault that they had not all
// shown may be on its way to one of them, and is looked out for as long as Lag.
func (d Driver) Rollback(ctx context.Context, r faults.Receipt) error {
	k := knew{}
	look, stop := context.WithTimeout(ctx, knewWithin)
	before, _ := d.ask(look, r) // those that do not say are looked at for longer
	stop()
	k.learn(before)
	for {
		err := d.on(ctx, r, func(k *kafka, c change) error { return c.back(ctx, k, r.Undo) })
		if err != nil && !gone(err) {
			return fmt.Errorf("rolling back %s on %s: %w", r.Kind, r.Target, err)
		}
		if err = d.vanishes(ctx, r, k); !errors.Is(err, errAgain) {
			return err
		}
	}
}

// Probe asks every broker of the cluster: the fault is present where any of
// them has it. While none of them answers nobody can say.
func (d Driver) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	all, err := d.ask(ctx, r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return all.seen(), nil
}

// on connects to the cluster of a receipt and does something there; it is
// errGone where the receipt's topic is.
func (d Driver) on(ctx context.Context, r faults.Receipt, do func(*kafka, change) error) error {
	c, err := d.change()
	if err != nil {
		return err
	}
	k, err := of(ctx, r)
	if err != nil {
		return err
	}
	defer k.Close()
	return do(k, c)
}

// of connects to the cluster that a receipt names, and looks for its topic.
func of(ctx context.Context, r faults.Receipt) (*kafka, error) {
	var brokers []string
	if err := take(r.Undo, undoBrokers, &brokers); err != nil {
		return nil, fmt.Errorf("reading receipt %s: %w", r.ID, err)
	}
	k, err := connect(brokers)
	if err == nil {
		if err = k.planned(ctx, r); err != nil {
			k.Close()
		}
	}
	return k, err
}

// put and take write and read a part of a receipt.
func put(undo map[string]string, key string, value any) error {
	text, err := json.Marshal(value)
	undo[key] = string(text)
	return err
}

func take(undo map[string]string, key string, value any) error {
	text, ok := undo[key]
	if !ok {
		return fmt.Errorf("it does not say %q", key)
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("its %q: %w", key, err)
	}
	return nil
}
