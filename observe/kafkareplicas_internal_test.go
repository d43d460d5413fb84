package observe

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

func TestCountReplicas(t *testing.T) {
	three := []int32{1, 2, 3}
	got := countReplicas(kadm.TopicDetails{"trades": {Partitions: kadm.PartitionDetails{
		0: {Leader: 1, Replicas: three, ISR: three},
		1: {Leader: 1, Replicas: three, ISR: []int32{1, 2}, OfflineReplicas: []int32{3}},
		2: {Leader: -1, Replicas: three, OfflineReplicas: three, Err: errors.New("leader not available")},
	}}})
	if want := (replication{under: 2, offline: 3, leaderless: 1}); got != want {
		t.Errorf("countReplicas = %+v, want %+v", got, want)
	}
}
