package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/spec"
)

// DisconnectKind is the name that documents use.
const DisconnectKind = "network.disconnect"

const (
	byName    = "network"
	address   = "address"
	same      = "same"
	anyOne    = "any"
	undoPlace = "places" // on which networks it was, and how, as JSON
)

// Disconnect takes containers off their networks. The zero value is ready.
type Disconnect struct {
	Dir string // of marks; "" = the system's folder for temporary files
}

// DescribeDisconnect tells people about the fault.
func DescribeDisconnect() faults.Kind {
	return faults.Kind{
		Name: DisconnectKind, Risk: faults.Caution, Breaks: []spec.TargetKind{spec.ContainerKind},
		Summary: "takes a container off its networks, and puts it back with its aliases and addresses",
		Parameters: []faults.Parameter{
			{Name: byName, Summary: "the network that it is taken off, by the engine's name of it; all where it is not written"},
			{
				Name: address, Default: same,
				Summary: "same: refused where the engine chose the container's address, which it may not get again; any: it may come back with another one",
				Check: func(text string) error {
					if text != same && text != anyOne {
						return fmt.Errorf("%q: write %s or %s", text, same, anyOne)
					}
					return nil
				},
			},
		},
	}
}

// spot is a network that a container is taken off, by its id: another one may
// get its name.
type spot struct {
	Name  string       `json:"name"`
	Net   string       `json:"network"`
	Place docker.Place `json:"place"`
}

// Plan notes the container's places on its networks. Refusals are
// faults.ErrRefused.
func (d Disconnect) Plan(ctx context.Context, f spec.Fault, t spec.Target) (faults.Receipt, error) {
	c, r, err := plan(ctx, DescribeDisconnect(), f, t)
	var spots []spot
	if err == nil {
		spots, err = spotsOf(c, f.With[byName], f.With[address] == anyOne)
	}
	if err == nil {
		var raw []byte
		raw, err = json.Marshal(spots)
		r.Undo[undoPlace] = string(raw)
	}
	if err == nil {
		err = noteMark(r, d.Dir)
	}
	return faults.Planned(DisconnectKind, f, r, err)
}

func spotsOf(c docker.Container, only string, another bool) ([]spot, error) {
	on := c.Settings.Networks
	names := slices.Sorted(maps.Keys(on))
	if mode := c.HostConfig.NetworkMode; mode == "host" || mode == "none" || strings.HasPrefix(mode, "container:") {
		return nil, fmt.Errorf("%w: container %s has no network of the engine's (its mode is %s), so it cannot be taken off one", faults.ErrRefused, c.Name, mode)
	}
	if only != "" {
		if _, is := on[only]; !is {
			return nil, fmt.Errorf("%w: container %s is not on network %q: write one of %s", faults.ErrRefused, c.Name, only, strings.Join(names, ", "))
		}
		names = []string{only}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%w: container %s is on no network", faults.ErrRefused, c.Name)
	}
	var spots []spot
	for _, name := range names {
		e := on[name]
		if e.NetworkID == "" {
			return nil, fmt.Errorf("%w: the engine does not say which network %s is", faults.ErrRefused, name)
		}
		if given := e.IPAM; !another && (given == nil || given.IPv4 != e.IPv4 || given.IPv6 != e.IPv6) {
			return nil, fmt.Errorf("%w: the engine chose the address of container %s on network %s, and may choose another one when it comes back: give it one (compose: ipv4_address), or write %s: %s",
				faults.ErrRefused, c.Name, name, address, anyOne)
		}
		spots = append(spots, spot{name, e.NetworkID, e.Place})
	}
	return spots, nil
}

func spotsIn(r faults.Receipt) ([]spot, error) {
	var spots []spot
	if err := json.Unmarshal([]byte(r.Undo[undoPlace]), &spots); err != nil {
		return nil, fmt.Errorf("reading the networks of receipt %q: %w", r.ID, err)
	}
	if len(spots) == 0 {
		return nil, fmt.Errorf("receipt %q names no network", r.ID)
	}
	return spots, nil
}

// Inject takes the container off its networks. One that was removed or started
// anew since the plan is faults.ErrRefused.
func (d Disconnect) Inject(ctx context.Context, r faults.Receipt) error {
	err := ctx.Err()
	if err == nil {
		err = d.inject(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("disconnecting %s: %w", r.Target, err)
	}
	return faults.Await(ctx, d, r, faults.Present)
}

func (Disconnect) inject(ctx context.Context, r faults.Receipt) error {
	spots, err := spotsIn(r)
	if err != nil {
		return err
	}
	b, err := boxOf(r)
	if err != nil {
		return err
	}
	c, err := b.whole(ctx)
	if err != nil {
		return err
	}
	if err := markOf(r).Set(b.name); err != nil {
		return err
	}
	for _, s := range spots {
		if !on(c, s) {
			continue
		}
		if err := b.Disconnect(ctx, s.Net, b.id); err != nil {
			return err
		}
	}
	return nil
}

// Rollback puts the container back on those of its networks that it is not on.
// A container or network that was removed meanwhile needs none.
func (d Disconnect) Rollback(ctx context.Context, r faults.Receipt) error {
	spots, err := spotsIn(r)
	var b box
	if err == nil {
		b, err = boxOf(r)
	}
	if err == nil {
		err = markOf(r).Settle(ctx, onItsWay, func() (bool, error) {
			p, err := missing(ctx, r)
			return p == faults.Present, err
		})
	}
	for _, s := range spots {
		if err == nil {
			err = b.reconnect(ctx, s)
		}
	}
	if err != nil {
		return fmt.Errorf("connecting %s again: %w", r.Target, err)
	}
	if err := faults.Await(ctx, d, r, faults.Absent); err != nil {
		return err
	}
	return markOf(r).Clear()
}

func (b box) reconnect(ctx context.Context, s spot) error {
	c, there, err := b.now(ctx)
	if err != nil || !there || on(c, s) {
		return err
	}
	failed := b.Connect(ctx, s.Net, b.id, s.Place)
	if failed == nil {
		return nil
	}
	if errors.Is(b.HasNetwork(ctx, s.Net), docker.ErrNotFound) {
		return nil
	}
	if c, there, err = b.now(ctx); err == nil && (!there || on(c, s)) {
		return nil // somebody else connected it, or removed it
	}
	return fmt.Errorf("network %s: %w", s.Name, failed)
}

func on(c docker.Container, s spot) bool {
	for _, e := range c.Settings.Networks {
		if e.NetworkID == s.Net {
			return true
		}
	}
	return false
}

// Probe sees the fault where the container is on none of the networks, and
// sees none where it is on all that are there.
func (Disconnect) Probe(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	seen, err := missing(ctx, r)
	if err != nil {
		return faults.Unseen, fmt.Errorf("probing %s on %s: %w", r.Kind, r.Target, err)
	}
	return seen, nil
}

func missing(ctx context.Context, r faults.Receipt) (faults.Presence, error) {
	spots, err := spotsIn(r)
	if err != nil {
		return faults.Unseen, err
	}
	b, err := boxOf(r)
	if err != nil {
		return faults.Unseen, err
	}
	c, there, err := b.now(ctx)
	if err != nil || !there {
		return faults.Absent, err
	}
	connected, off := 0, 0
	for _, s := range spots {
		if on(c, s) {
			connected++
			continue
		}
		switch err := b.HasNetwork(ctx, s.Net); {
		case errors.Is(err, docker.ErrNotFound):
		case err != nil:
			return faults.Unseen, err
		default:
			off++
		}
	}
	switch {
	case off == 0:
		return faults.Absent, nil
	case connected == 0:
		return faults.Present, nil
	}
	return faults.Unseen, nil
}
