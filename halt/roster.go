package halt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// rosterBucket keeps the agents that there should be: one that enrolled and
// did not leave is missed when it is silent.
const rosterBucket = "agents"

func (c *Conn) roster(ctx context.Context) (jetstream.KeyValue, error) {
	kv, err := c.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: c.bucket(rosterBucket), Description: "agents that were enrolled and did not leave"})
	if err != nil {
		return nil, fmt.Errorf("opening the roster of agents: %w; does this nats have jetstream?", err)
	}
	return kv, nil
}

// Enrol notes that an agent is there.
func (c *Conn) Enrol(ctx context.Context, h Hello) error {
	kv, err := c.roster(ctx)
	if err != nil {
		return err
	}
	data, err := json.Marshal(h)
	if err == nil {
		_, err = kv.Put(ctx, h.Name, data)
	}
	if err != nil {
		return fmt.Errorf("enrolling agent %s: %w", h.Name, err)
	}
	return nil
}

// Leave notes that an agent ended in order, with nothing left to undo.
func (c *Conn) Leave(ctx context.Context, name string) error {
	kv, err := c.roster(ctx)
	if err == nil {
		err = kv.Delete(ctx, name)
	}
	if err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return fmt.Errorf("taking agent %s off the roster: %w", name, err)
	}
	return nil
}

// Roster lists the agents that there should be, by name.
func (c *Conn) Roster(ctx context.Context) ([]Hello, error) {
	if err := c.Reach(ctx); err != nil {
		return nil, err
	}
	kv, err := c.roster(ctx)
	if err != nil {
		return nil, err
	}
	names, err := kv.Keys(ctx)
	if errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the roster of agents: %w", err)
	}
	slices.Sort(names)
	var all []Hello
	for _, name := range names {
		e, err := kv.Get(ctx, name)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			continue // left meanwhile
		}
		var h Hello
		if err == nil {
			err = json.Unmarshal(e.Value(), &h)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the roster of agents: %s: %w", name, err)
		}
		all = append(all, h)
	}
	return all, nil
}
