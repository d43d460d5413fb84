package topic

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/spec"
)

// settings sets settings of a topic. Those that it had none of its own for,
// and so the cluster's, have none again afterwards.
type settings struct{}

func (settings) describe() faults.Kind {
	k := faults.Kind{
		Name: "topic.settings", Risk: faults.Dangerous, Serves: true, Breaks: []spec.TargetKind{spec.TopicKind},
		Summary: "sets settings of a topic; records that a shorter retention deletes do not come back",
		Together: func(with map[string]string) error {
			if len(with) == 0 {
				return errors.New("it sets nothing; write a setting, such as max.message.bytes: 1000")
			}
			return nil
		},
	}
	for _, s := range known() {
		k.Parameters = append(k.Parameters, faults.Parameter{Name: s.name, Summary: s.says, Check: func(text string) error {
			_, err := s.read(text)
			return err
		}})
	}
	return k
}

func (settings) plan(ctx context.Context, k *kafka, with, undo map[string]string) error {
	set := map[string]string{}
	for _, s := range known() {
		if text, ok := with[s.name]; ok {
			value, err := s.read(text)
			if err != nil {
				return err
			}
			set[s.name] = value
		}
	}
	own, inForce, err := ownSettings(ctx, k, undo[undoTopic], set)
	if err != nil {
		return err
	}
	for name, value := range set {
		if inForce[name] == value {
			return fmt.Errorf("%w: %s of topic %s is %s already; write another value", faults.ErrRefused, name, undo[undoTopic], value)
		}
	}
	return (&kept[string]{set, own}).write(undo)
}

// ownSettings are the settings that the topic itself has, of those that are
// set; nil is none. inForce are those that count, whoever says so.
func ownSettings(ctx context.Context, k *kafka, name string, set map[string]string) (own map[string]*string, inForce map[string]string, err error) {
	all, err := k.DescribeTopicConfigs(ctx, name)
	var r kadm.ResourceConfig
	if err == nil {
		r, err = all.On(name, func(r *kadm.ResourceConfig) error { return r.Err })
	}
	if err != nil {
		return nil, nil, fmt.Errorf("describing the settings of topic %s: %w", name, err)
	}
	own, inForce = map[string]*string{}, map[string]string{}
	for name := range set {
		own[name] = nil
	}
	for _, c := range r.Configs {
		if _, asked := set[c.Key]; !asked {
			continue
		}
		inForce[c.Key] = c.MaybeValue()
		if c.Source == kmsg.ConfigSourceDynamicTopicConfig {
			own[c.Key] = c.Value
		}
	}
	return own, inForce, nil
}

// now reads a receipt, and what the topic has.
func (settings) now(ctx context.Context, k *kafka, undo map[string]string) (fault kept[string], now map[string]*string, err error) {
	if err = fault.read(undo); err == nil {
		now, _, err = ownSettings(ctx, k, undo[undoTopic], fault.set)
	}
	return fault, now, err
}

func (s settings) put(ctx context.Context, k *kafka, undo map[string]string) error {
	fault, now, err := s.now(ctx, k, undo)
	if err == nil {
		err = fault.free(now)
	}
	if err != nil {
		return err
	}
	var alter []kadm.AlterConfig
	for _, name := range fault.names() {
		alter = append(alter, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: new(fault.set[name])})
	}
	return s.alter(ctx, k, undo[undoTopic], alter)
}

func (s settings) back(ctx context.Context, k *kafka, undo map[string]string) error {
	fault, now, err := s.now(ctx, k, undo)
	if err != nil {
		return err
	}
	var alter []kadm.AlterConfig
	for _, name := range fault.ours(now) {
		if was := fault.was[name]; was == nil {
			alter = append(alter, kadm.AlterConfig{Op: kadm.DeleteConfig, Name: name})
		} else {
			alter = append(alter, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: was})
		}
	}
	return s.alter(ctx, k, undo[undoTopic], alter)
}

func (s settings) look(ctx context.Context, k *kafka, undo map[string]string) (faults.Presence, error) {
	fault, now, err := s.now(ctx, k, undo)
	if err != nil {
		return faults.Unseen, err
	}
	return fault.seen(now), nil
}

func (settings) alter(ctx context.Context, k *kafka, name string, alter []kadm.AlterConfig) error {
	if len(alter) == 0 {
		return nil
	}
	ctx, stop := k.settled(ctx)
	defer stop()
	all, err := k.AlterTopicConfigs(ctx, alter, name)
	if err == nil {
		_, err = all.On(name, func(r *kadm.AlterConfigsResponse) error { return said(r.Err, r.ErrMessage) })
	}
	if err != nil {
		return fmt.Errorf("altering settings of topic %s: %w", name, err)
	}
	return nil
}
