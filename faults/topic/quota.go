package topic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// quota limits clients by a quota of their own: KIP-546.
type quota struct{}

const undoEntity = "entity" // who is limited, as JSON: entity type → name

func (quota) describe() faults.Kind {
	return faults.Kind{
		Name: "cluster.quota", Risk: faults.Caution, Serves: true, Breaks: []spec.TargetKind{spec.ClusterKind},
		Summary: "gives clients a quota, so that the brokers make them wait",
		Parameters: []faults.Parameter{
			{Name: "client_id", Summary: "client id that it is for; with user, that user's alone", Check: filled},
			{Name: "user", Summary: "user that it is for, as the brokers authenticate them", Check: filled},
			{Name: "producer_byte_rate", Summary: "bytes that it may produce a second, at each broker", Check: checked(rate)},
			{Name: "consumer_byte_rate", Summary: "bytes that it may fetch a second, from each broker", Check: checked(rate)},
			{Name: "request_percentage", Summary: "share of a thread of each broker, in percent, up to 100", Check: checked(percentage)},
		},
		Together: func(with map[string]string) error {
			var problems []error
			if with["client_id"] == "" && with["user"] == "" {
				problems = append(problems, errors.New("nothing says whom it limits; write client_id or user"))
			}
			if len(limits(with)) == 0 {
				problems = append(problems, errors.New("nothing says what it limits; write producer_byte_rate, consumer_byte_rate or request_percentage"))
			}
			return errors.Join(problems...)
		},
	}
}

func filled(text string) error {
	if text == "" {
		return errors.New("it is empty; write a name")
	}
	return nil
}

func checked(read func(string) (float64, error)) func(string) error {
	return func(text string) error {
		_, err := read(text)
		return err
	}
}

// rate takes whole bytes: Kafka stores no part of one.
func rate(text string) (float64, error) {
	n, err := strconv.ParseInt(text, 10, 53)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q: write a whole number of bytes a second, from 1 on", text)
	}
	return float64(n), nil
}

func percentage(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n > 0 && n <= 100) { // NaN is neither
		return 0, fmt.Errorf("%q: write a percentage above 0, up to 100", text)
	}
	return n, nil
}

// limits are the quotas that a fault asks for, each checked before.
func limits(with map[string]string) map[string]float64 {
	set := map[string]float64{}
	for name, read := range map[string]func(string) (float64, error){
		"producer_byte_rate": rate, "consumer_byte_rate": rate, "request_percentage": percentage,
	} {
		if text, ok := with[name]; ok {
			set[name], _ = read(text)
		}
	}
	return set
}

func (q quota) plan(ctx context.Context, k *kafka, with, undo map[string]string) error {
	entity, set := map[string]string{}, limits(with)
	for kafkas, ours := range map[string]string{"client-id": "client_id", "user": "user"} {
		if name := with[ours]; name != "" {
			entity[kafkas] = name
		}
	}
	was, err := quotasOf(ctx, k, entity, set)
	if err != nil {
		return err
	}
	for name, value := range set {
		if is(was[name], &value) {
			return fmt.Errorf("%w: %s of %v is %v already; write another value", faults.ErrRefused, name, entity, value)
		}
	}
	return errors.Join(put(undo, undoEntity, entity), (&kept[float64]{set, was}).write(undo))
}

// quotasOf are the quotas that exactly this entity has, of those that are set;
// nil is none.
func quotasOf(ctx context.Context, k *kafka, entity map[string]string, set map[string]float64) (map[string]*float64, error) {
	var ask []kadm.DescribeClientQuotaComponent
	for _, kind := range slices.Sorted(maps.Keys(entity)) {
		ask = append(ask, kadm.DescribeClientQuotaComponent{Type: kind, MatchName: new(entity[kind])})
	}
	all, err := k.DescribeClientQuotas(ctx, true, ask)
	if err != nil {
		return nil, fmt.Errorf("describing the quotas of %v: %w", entity, err)
	}
	out := map[string]*float64{}
	for name := range set {
		out[name] = nil
	}
	for _, found := range all {
		if len(found.Entity) != len(entity) {
			continue
		}
		for _, v := range found.Values {
			if _, asked := set[v.Key]; asked {
				out[v.Key] = new(v.Value)
			}
		}
	}
	return out, nil
}

// now reads a receipt, and what the entity has.
func (quota) now(ctx context.Context, k *kafka, undo map[string]string) (entity map[string]string, fault kept[float64], now map[string]*float64, err error) {
	if err = errors.Join(take(undo, undoEntity, &entity), fault.read(undo)); err == nil && entity["client-id"]+entity["user"] == "" {
		err = errors.New("the receipt does not say whose quotas they are; look by hand")
	}
	if err == nil {
		now, err = quotasOf(ctx, k, entity, fault.set)
	}
	return entity, fault, now, err
}

func (q quota) put(ctx context.Context, k *kafka, undo map[string]string) error {
	entity, fault, now, err := q.now(ctx, k, undo)
	if err == nil {
		err = fault.free(now)
	}
	if err != nil {
		return err
	}
	var ops []kadm.AlterClientQuotaOp
	for _, name := range fault.names() {
		ops = append(ops, kadm.AlterClientQuotaOp{Key: name, Value: fault.set[name]})
	}
	return q.alter(ctx, k, entity, ops)
}

func (q quota) back(ctx context.Context, k *kafka, undo map[string]string) error {
	entity, fault, now, err := q.now(ctx, k, undo)
	if err != nil {
		return err
	}
	var ops []kadm.AlterClientQuotaOp
	for _, name := range fault.ours(now) {
		if was := fault.was[name]; was == nil {
			ops = append(ops, kadm.AlterClientQuotaOp{Key: name, Remove: true})
		} else {
			ops = append(ops, kadm.AlterClientQuotaOp{Key: name, Value: *was})
		}
	}
	return q.alter(ctx, k, entity, ops)
}

func (q quota) look(ctx context.Context, k *kafka, undo map[string]string) (faults.Presence, error) {
	_, fault, now, err := q.now(ctx, k, undo)
	if err != nil {
		return faults.Unseen, err
	}
	return fault.seen(now), nil
}

func (quota) alter(ctx context.Context, k *kafka, entity map[string]string, ops []kadm.AlterClientQuotaOp) error {
	if len(ops) == 0 {
		return nil
	}
	ctx, stop := k.settled(ctx)
	defer stop()
	entry := kadm.AlterClientQuotaEntry{Ops: ops}
	for kind, name := range entity {
		entry.Entity = append(entry.Entity, kadm.ClientQuotaEntityComponent{Type: kind, Name: &name})
	}
	all, err := k.AlterClientQuotas(ctx, []kadm.AlterClientQuotaEntry{entry})
	for _, a := range all {
		err = errors.Join(err, said(a.Err, a.ErrMessage))
	}
	if err != nil {
		return fmt.Errorf("altering the quotas of %v: %w", entity, err)
	}
	return nil
}
