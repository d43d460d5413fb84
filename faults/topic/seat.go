package topic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/pause"
)

// seat is where one partition's replicas are, in the order of preference, and
// who leads; and where the fault puts them, led by the first.
type seat struct {
	Partition int32   `json:"partition"`
	Was       []int32 `json:"was"`
	Leader    int32   `json:"leader"`
	Set       []int32 `json:"set"`
}

// led are the replicas as they were, with the leader that was the first: by
// way of it a leader comes back that was not the preferred one.
func (s seat) led() []int32 {
	rest := slices.DeleteFunc(slices.Clone(s.Was), func(b int32) bool { return b == s.Leader })
	return append([]int32{s.Leader}, rest...)
}

// way are the replicas of a partition as long as it is on its way: where it
// goes, and then by number those that it will not keep.
func way(from, to []int32) []int32 {
	leaving := slices.DeleteFunc(slices.Sorted(slices.Values(from)), func(b int32) bool { return slices.Contains(to, b) })
	return append(slices.Clone(to), leaving...)
}

// calledBack are those whose way was cancelled: all that were there before it.
func calledBack(from, to []int32) []int32 {
	return slices.DeleteFunc(way(from, to), func(b int32) bool { return !slices.Contains(from, b) })
}

// sits is a partition as it is now.
type sits struct {
	replicas []int32 // where they are, or are on their way to
	moving   bool
	leader   int32
	insync   []int32
	stuck    bool // it adds a replica that it removes, and never arrives
}

// ours says that the partition is as the fault left it, or its way back did.
// Where nothing is but the leader that the fault wanted, it is the fault's as
// long as the leader that was could lead. Where a way was cancelled, there or
// back, is the fault's. Anything else is as it was, or has overtaken the fault.
func (s seat) ours(now sits) bool {
	switch {
	case slices.Equal(now.replicas, s.Was): // which is where the fault has it, too, if the preferred one was not leading
		return now.moving || now.leader == s.Set[0] && now.leader != s.Leader && slices.Contains(now.insync, s.Leader)
	}
	return slices.ContainsFunc([][]int32{s.Set, s.led(), calledBack(s.Was, s.Set), calledBack(s.Set, s.led())}, func(r []int32) bool {
		return slices.Equal(now.replicas, r)
	})
}

// lags says that the broker tells of a way, there or back, that the controller
// says is at its end: it has yet to hear how that was.
func (s seat) lags(now sits) bool {
	there, back := way(s.Was, s.Set), way(s.Set, s.led())
	return !now.moving && (len(there) > len(s.Set) && slices.Equal(now.replicas, there) || len(back) > len(s.Was) && slices.Equal(now.replicas, back))
}

// overtaken says that somebody else moved its replicas.
func (s seat) overtaken(now sits) bool {
	return !s.ours(now) && !slices.Equal(now.replicas, s.Was)
}

// seats is undo's part of the two kinds that move replicas.
func seats(undo map[string]string) ([]seat, error) {
	var all []seat
	err := take(undo, undoSet, &all)
	if err == nil && (len(all) == 0 || slices.ContainsFunc(all, func(s seat) bool {
		return len(s.Was) == 0 || len(s.Set) == 0 || !slices.Contains(s.Was, s.Leader) ||
			slices.Equal(s.Was, s.Set) && s.Set[0] == s.Leader
	})) {
		err = errors.New("it does not say of each partition where its replicas were, and who led")
	}
	if err != nil {
		return nil, fmt.Errorf("reading where the replicas were: %w; nothing was touched, look by hand", err)
	}
	return all, nil
}

// seated is what faults have in common that move replicas and leaders.
type seated struct{}

// now reads a receipt, and where its partitions are. What looks like a way that
// has ended is looked at again, as long as a broker may lag: it may be the
// fault's, or somebody else wants all those replicas.
func (seated) now(ctx context.Context, k *kafka, undo map[string]string) (all []seat, now map[int32]sits, err error) {
	if all, err = seats(undo); err != nil {
		return nil, nil, err
	}
	for began := time.Now(); ; {
		now, err = k.sits(ctx, undo[undoTopic])
		if err != nil || time.Since(began) >= lagsFor || !slices.ContainsFunc(all, func(s seat) bool { return s.lags(now[s.Partition]) }) {
			return all, now, err
		}
		pause.For(ctx, 10*time.Millisecond)
	}
}

// put moves replicas and leaders to where the fault wants them.
func (f seated) put(ctx context.Context, k *kafka, undo map[string]string) error {
	all, now, err := f.now(ctx, k, undo)
	if err != nil {
		return err
	}
	for _, s := range all {
		if n := now[s.Partition]; !slices.Equal(n.replicas, s.Was) && !slices.Equal(n.replicas, s.Set) {
			return fmt.Errorf("%w: the replicas of partition %d of topic %s are at %v since it was planned for; plan again", faults.ErrRefused, s.Partition, undo[undoTopic], n.replicas)
		}
	}
	return k.move(ctx, undo[undoTopic], all, func(s seat) []int32 { return s.Set }, true)
}

// back moves back what is where the fault put it, and the leaders that
// were. What is as it was is told to be there all the same: the broker that says
// so may not have heard of the injection yet.
func (f seated) back(ctx context.Context, k *kafka, undo map[string]string) error {
	all, now, err := f.now(ctx, k, undo)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s seat) bool { return s.overtaken(now[s.Partition]) })
	ours := slices.DeleteFunc(slices.Clone(all), func(s seat) bool { return !s.ours(now[s.Partition]) })
	if err := k.move(ctx, undo[undoTopic], ours, seat.led, false); err != nil {
		return err
	}
	return k.assign(ctx, undo[undoTopic], all, func(s seat) []int32 { return s.Was })
}

// look finds the fault in any partition that is not as it was, by the
// fault or its way back.
func (f seated) look(ctx context.Context, k *kafka, undo map[string]string) (faults.Presence, error) {
	all, now, err := f.now(ctx, k, undo)
	if err != nil {
		return faults.Unseen, err
	}
	if slices.ContainsFunc(all, func(s seat) bool { return s.ours(now[s.Partition]) }) {
		return faults.Present, nil
	}
	return faults.Absent, nil
}

// wanted are the partitions that a fault names, in their order; none are all.
func wanted(t topic, numbers []int32) ([]int32, error) {
	if len(numbers) == 0 {
		return t.Partitions.Numbers(), nil
	}
	for _, p := range numbers {
		if _, ok := t.Partitions[p]; !ok {
			return nil, fmt.Errorf("%w: topic %s has no partition %d; it has %d", faults.ErrRefused, t.Topic, p, len(t.Partitions))
		}
	}
	slices.SortFunc(numbers, cmp.Compare[int32])
	return slices.Compact(numbers), nil
}
