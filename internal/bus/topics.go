package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// leaderPoll is how often EnsureTopics looks whether partitions have leaders.
const leaderPoll = 50 * time.Millisecond

// batchOverhead is what a record batch adds to its one record: the topic must
// take what the producer lets pass.
const batchOverhead = 1 << 10

// Topics are the names of the chaos log's topics.
type Topics struct {
	Commands     string
	Events       string
	Readings     string
	GroundTruth  string
	RecordLedger string
	DeadLetters  string
}

// TopicsOf derives the names from a prefix; empty means DefaultPrefix.
func TopicsOf(prefix string) Topics {
	if prefix == "" {
		prefix = DefaultPrefix
	}
	return Topics{
		Commands:     prefix + ".commands",
		Events:       prefix + ".events",
		Readings:     prefix + ".readings",
		GroundTruth:  prefix + ".ground-truth",
		RecordLedger: prefix + ".record-ledger",
		DeadLetters:  prefix + ".dead-letters",
	}
}

// All lists the names.
func (t Topics) All() []string {
	return []string{t.Commands, t.Events, t.Readings, t.GroundTruth, t.RecordLedger, t.DeadLetters}
}

// EnsureTopics creates the topics that are missing and returns once every
// partition of all of them has a leader. It never changes one that exists.
//
// Created topics keep their records for ever and are not compacted: state is
// folded from the whole log.
func (b *Bus) EnsureTopics(ctx context.Context) error {
	names := b.topics.All()
	// What exists is looked up first, so that a user without the right to
	// create topics can still run on topics that were made for him.
	have, err := b.admin.ListTopics(ctx, names...)
	if err != nil {
		return fmt.Errorf("listing topics: %w", err)
	}
	missing := slices.DeleteFunc(slices.Clone(names), have.Has)
	if len(missing) > 0 {
		if err := b.createTopics(ctx, missing); err != nil {
			return err
		}
	}
	return b.awaitLeaders(ctx, names)
}

func (b *Bus) createTopics(ctx context.Context, names []string) error {
	text := func(s string) *string { return &s }
	made, err := b.admin.CreateTopics(ctx, b.cfg.Partitions, b.cfg.Replication, map[string]*string{
		"cleanup.policy":    text("delete"),
		"retention.ms":      text("-1"),
		"retention.bytes":   text("-1"),
		"max.message.bytes": text(strconv.Itoa(b.cfg.MaxMessageBytes + batchOverhead)),
	}, names...)
	if err != nil {
		return fmt.Errorf("creating topics %v: %w", names, err)
	}
	var problems []error
	for _, t := range made.Sorted() {
		if t.Err != nil && !errors.Is(t.Err, kerr.TopicAlreadyExists) {
			problems = append(problems, fmt.Errorf("creating topic %s: %w %s", t.Topic, t.Err, t.ErrMessage))
		}
	}
	return errors.Join(problems...)
}

func (b *Bus) awaitLeaders(ctx context.Context, names []string) error {
	tick := time.NewTicker(leaderPoll)
	defer tick.Stop()
	for {
		have, err := b.admin.ListTopics(ctx, names...)
		if err != nil {
			return fmt.Errorf("listing topics: %w", err)
		}
		waiting := leaderless(have, names)
		if len(waiting) == 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for leaders of %v: %w", waiting, ctx.Err())
		}
	}
}

func leaderless(have kadm.TopicDetails, names []string) []string {
	var waiting []string
	for _, name := range names {
		ok := have.Has(name)
		for _, p := range have[name].Partitions {
			ok = ok && p.Err == nil && p.Leader >= 0
		}
		if !ok {
			waiting = append(waiting, name)
		}
	}
	return waiting
}
