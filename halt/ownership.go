package halt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/k2-platform/faultline/internal/pause"
)

const (
	ownerBucket = "owner"
	ownerKey    = "controller"
)

// Contest says who wants to own the experiments.
type Contest struct {
	Controller string        // instance of this life
	Lease      time.Duration // an owner that is silent for so long has lost
	// Alone says that nobody else can be there: the place is taken at once.
	Alone bool
}

// Hold waits until this controller is the owner, calls lead, and keeps the
// place meanwhile. The context of lead ends when the place is lost, before
// another can have it; then Hold waits again. It returns when ctx ends, or with
// the error of lead.
//
// The epoch is the revision of the write that won: later owners have higher
// ones, by the order in which the server took the writes.
func (c *Conn) Hold(ctx context.Context, k Contest, lead func(context.Context, Owner) error) error {
	for ctx.Err() == nil {
		o := ownership{Conn: c, Contest: k}
		if err := o.win(ctx); err != nil {
			if ctx.Err() == nil {
				c.log.Warn("waiting to own the experiments", "error", err)
			}
			if !pause.For(ctx, k.Lease/4) {
				return nil
			}
			continue
		}
		if err := o.hold(ctx, lead); err != nil {
			return err
		}
	}
	return nil
}

type ownership struct {
	*Conn
	Contest
	kv       jetstream.KeyValue
	epoch    uint64
	revision uint64
}

type place struct {
	Controller string `json:"controller"`
	Epoch      uint64 `json:"epoch,omitempty"`
}

// win takes the place once nobody has it, or who has it is silent.
func (o *ownership) win(ctx context.Context) (err error) {
	if o.kv, err = o.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: o.bucket(ownerBucket), Description: "who owns the experiments"}); err != nil {
		return fmt.Errorf("opening the owner's place: %w; does this nats have jetstream?", err)
	}
	seen, since := uint64(0), time.Now()
	for {
		e, err := o.kv.Get(ctx, ownerKey)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound):
			return o.take(ctx, 0)
		case err != nil:
			return fmt.Errorf("looking who owns the experiments: %w", err)
		case e.Revision() != seen:
			seen, since = e.Revision(), time.Now()
		}
		if o.Alone || time.Since(since) > o.Lease {
			return o.take(ctx, seen)
		}
		if !pause.For(ctx, o.Lease/10) {
			return ctx.Err()
		}
	}
}

// take writes our name over the entry that was seen. Of two that try, one wins.
func (o *ownership) take(ctx context.Context, seen uint64) (err error) {
	data, err := json.Marshal(place{Controller: o.Controller})
	if err != nil {
		return fmt.Errorf("taking the owner's place: %w", err)
	}
	if seen == 0 {
		o.revision, err = o.kv.Create(ctx, ownerKey, data)
	} else {
		o.revision, err = o.kv.Update(ctx, ownerKey, data, seen)
	}
	if err != nil {
		return fmt.Errorf("taking the owner's place: %w", err)
	}
	o.epoch = o.revision
	return nil
}

// hold leads and keeps the place. It is lost when another took it, or when it
// could not be kept for two thirds of a lease: others wait for a whole one.
func (o *ownership) hold(ctx context.Context, lead func(context.Context, Owner) error) error {
	mine, lose := context.WithCancel(ctx)
	defer lose()
	done := make(chan error, 1)
	go func() { done <- lead(mine, Owner{Controller: o.Controller, Epoch: o.epoch}) }()
	kept := time.Now()
	beat := time.NewTicker(o.Lease / 5)
	defer beat.Stop()
	for {
		select {
		case err := <-done:
			o.leave(ctx)
			return err
		case <-beat.C:
		}
		err := o.keep(mine)
		if err == nil {
			kept = time.Now()
			continue
		}
		if ctx.Err() == nil && (isConflict(err) || time.Since(kept) > o.Lease*2/3) {
			o.log.Warn("the experiments have another owner now", "error", err)
			lose()
			return <-done
		}
	}
}

func (o *ownership) keep(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, o.Lease/5)
	defer stop()
	data, err := json.Marshal(place{o.Controller, o.epoch})
	if err != nil {
		return err
	}
	revision, err := o.kv.Update(ctx, ownerKey, data, o.revision)
	if err != nil {
		return o.found(ctx, err)
	}
	o.revision = revision
	return nil
}

// found looks whether a write that seemed to miss is there all the same: its
// answer may have been lost.
func (o *ownership) found(ctx context.Context, missed error) error {
	e, err := o.kv.Get(ctx, ownerKey)
	if err != nil {
		return missed
	}
	var p place
	if json.Unmarshal(e.Value(), &p) == nil && p == (place{o.Controller, o.epoch}) {
		o.revision = e.Revision()
		return nil
	}
	return errors.Join(errLost, missed)
}

var errLost = errors.New("another controller took the place")

func isConflict(err error) bool { return errors.Is(err, errLost) }

// leave gives the place up, so that the next one need not wait.
func (o *ownership) leave(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	if err := o.kv.Delete(ctx, ownerKey, jetstream.LastRevision(o.revision)); err != nil {
		o.log.Debug("leaving the owner's place", "error", err)
	}
}
