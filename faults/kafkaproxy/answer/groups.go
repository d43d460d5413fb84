package answer

import (
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Groups are the consumer groups that a request names.
func Groups(req kmsg.Request) []string {
	switch r := req.(type) {
	case *kmsg.OffsetCommitRequest:
		return []string{r.Group}
	case *kmsg.OffsetFetchRequest:
		if r.Version < 8 {
			return []string{r.Group}
		}
		groups := make([]string, len(r.Groups))
		for i := range r.Groups {
			groups[i] = r.Groups[i].Group
		}
		return groups
	case *kmsg.FindCoordinatorRequest:
		switch {
		case r.CoordinatorType != 0: // of a transaction
			return nil
		case r.Version < 4:
			return []string{r.CoordinatorKey}
		}
		return r.CoordinatorKeys
	case *kmsg.JoinGroupRequest:
		return []string{r.Group}
	case *kmsg.SyncGroupRequest:
		return []string{r.Group}
	case *kmsg.HeartbeatRequest:
		return []string{r.Group}
	case *kmsg.LeaveGroupRequest:
		return []string{r.Group}
	case *kmsg.ConsumerGroupHeartbeatRequest:
		return []string{r.Group}
	case *kmsg.AddOffsetsToTxnRequest:
		return []string{r.Group}
	case *kmsg.TxnOffsetCommitRequest:
		return []string{r.Group}
	}
	return nil
}

// NamesGroup says whether requests of an API name a group.
func NamesGroup(api int16) bool {
	return slices.Contains([]kmsg.Key{
		kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.FindCoordinator, kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat,
		kmsg.LeaveGroup, kmsg.ConsumerGroupHeartbeat, kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit,
	}, kmsg.Key(api))
}
