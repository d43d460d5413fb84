package observe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// KafkaLagConfig configures KafkaLag.
type KafkaLagConfig struct {
	Admin   *kadm.Client // stays the caller's to close
	Group   string
	Topics  []string // empty: all that the group reads
	Metric  string
	Timeout time.Duration // default 5 s
	Now     func() time.Time
}

// Validate reports all problems.
func (c KafkaLagConfig) Validate() error {
	problems := []error{needed("consumer group", c.Group), needed("metric of group "+c.Group, c.Metric), notNegative("lag timeout", c.Timeout)}
	if c.Admin == nil {
		problems = append(problems, errors.New("checking sampler: the lag sampler needs a Kafka admin client"))
	}
	return errors.Join(problems...)
}

// KafkaLag reads by how many records a consumer group is behind.
type KafkaLag struct {
	cfg KafkaLagConfig
	now func() time.Time
}

// NewKafkaLag makes a KafkaLag.
func NewKafkaLag(cfg KafkaLagConfig) (*KafkaLag, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Timeout = orElse(cfg.Timeout, 5*time.Second)
	return &KafkaLag{cfg: cfg, now: clock(cfg.Now)}, nil
}

// Sample sums the lag of all partitions. One partition that cannot be read
// leaves the sum unknown: the rest would look like a group that caught up.
func (k *KafkaLag) Sample(ctx context.Context) ([]Reading, error) {
	sum, err := k.lag(ctx)
	out := taken{at: k.now()}
	if err != nil {
		out.miss(err, k.cfg.Metric)
	} else {
		out.add(k.cfg.Metric, float64(sum))
	}
	return out.result()
}

func (k *KafkaLag) lag(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	groups, err := k.cfg.Admin.Lag(ctx, k.cfg.Group)
	if err != nil {
		return 0, fmt.Errorf("asking for lag of group %s: %w", k.cfg.Group, err)
	}
	group := groups[k.cfg.Group]
	if err := group.Error(); err != nil {
		return 0, fmt.Errorf("asking for lag of group %s: %w", k.cfg.Group, err)
	}
	wanted := make(map[string]bool)
	for _, t := range k.cfg.Topics {
		wanted[t] = false
	}
	var sum int64
	found := false
	for _, p := range group.Lag.Sorted() {
		if _, ok := wanted[p.Topic]; !ok && len(k.cfg.Topics) > 0 {
			continue
		}
		if p.Err != nil {
			return 0, fmt.Errorf("reading lag of group %s on %s/%d: %w", k.cfg.Group, p.Topic, p.Partition, p.Err)
		}
		if p.Lag < 0 {
			return 0, fmt.Errorf("reading lag of group %s on %s/%d: it is unknown", k.cfg.Group, p.Topic, p.Partition)
		}
		sum, found, wanted[p.Topic] = sum+p.Lag, true, true
	}
	for _, t := range k.cfg.Topics {
		if !wanted[t] {
			return 0, fmt.Errorf("group %s reads nothing of topic %s", k.cfg.Group, t)
		}
	}
	if !found {
		return 0, fmt.Errorf("group %s has no partitions and no commits", k.cfg.Group)
	}
	return sum, nil
}
