package observe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
)

// KafkaReplicasConfig configures KafkaReplicas. A metric without a name is
// not taken.
type KafkaReplicasConfig struct {
	Admin  *kadm.Client // stays the caller's to close
	Topics []string     // empty: all topics

	UnderReplicated string // metric: partitions with fewer replicas in sync than assigned
	Brokers         string // metric: brokers that the cluster knows as present
	WorstOffline    string // metric: most offline replicas of any one partition
	Leaderless      string // metric: partitions without a leader

	Timeout time.Duration // default 5 s
	Now     func() time.Time
}

// Validate reports all problems.
func (c KafkaReplicasConfig) Validate() error {
	problems := []error{
		needed("metric of Kafka replicas", c.UnderReplicated+c.Brokers+c.WorstOffline+c.Leaderless),
		notNegative("replicas timeout", c.Timeout),
	}
	if c.Admin == nil {
		problems = append(problems, errors.New("checking sampler: the replicas sampler needs a Kafka admin client"))
	}
	return errors.Join(problems...)
}

// KafkaReplicas reads how well a cluster's partitions are replicated.
type KafkaReplicas struct {
	cfg KafkaReplicasConfig
	now func() time.Time
}

// NewKafkaReplicas makes a KafkaReplicas.
func NewKafkaReplicas(cfg KafkaReplicasConfig) (*KafkaReplicas, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Timeout = orElse(cfg.Timeout, 5*time.Second)
	return &KafkaReplicas{cfg: cfg, now: clock(cfg.Now)}, nil
}

// Sample asks for metadata once. A topic that is missing leaves the partition
// metrics without a reading; the brokers are still counted.
func (k *KafkaReplicas) Sample(ctx context.Context) ([]Reading, error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	meta, err := k.cfg.Admin.Metadata(ctx, k.cfg.Topics...)
	out := taken{at: k.now()}
	if err != nil {
		out.miss(fmt.Errorf("asking for metadata: %w", err), k.cfg.UnderReplicated, k.cfg.Brokers, k.cfg.WorstOffline, k.cfg.Leaderless)
		return out.result()
	}
	out.add(k.cfg.Brokers, float64(len(meta.Brokers)))
	for _, t := range meta.Topics.Sorted() {
		if t.Err != nil {
			out.miss(fmt.Errorf("reading metadata of topic %s: %w", t.Topic, t.Err), k.cfg.UnderReplicated, k.cfg.WorstOffline, k.cfg.Leaderless)
			return out.result()
		}
	}
	s := countReplicas(meta.Topics)
	out.add(k.cfg.UnderReplicated, float64(s.under))
	out.add(k.cfg.WorstOffline, float64(s.offline))
	out.add(k.cfg.Leaderless, float64(s.leaderless))
	return out.result()
}

type replication struct{ under, offline, leaderless int }

// countReplicas does not heed a partition's own error: a partition without a leader
// has one, and is just what is counted here.
func countReplicas(topics kadm.TopicDetails) replication {
	var r replication
	for _, t := range topics {
		for _, p := range t.Partitions {
			if len(p.ISR) < len(p.Replicas) {
				r.under++
			}
			if p.Leader < 0 {
				r.leaderless++
			}
			r.offline = max(r.offline, len(p.OfflineReplicas))
		}
	}
	return r
}
