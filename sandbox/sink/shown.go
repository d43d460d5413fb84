package sink

import (
	"context"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/internal/lake"
)

// shown is what the group's coordinator knows of the watermark: there lag is
// measured, and it is not what a restart goes by. So one that does not answer
// holds up no trade: it is told again with the next batch, or while there is
// none. The zero value is ready.
type shown struct {
	behind bool          // it may not know the last of it
	asked  <-chan result // nil: nothing is on its way
}

// result is how a commit ended.
type result struct{ err error }

// tellWithin is how long a batch waits for it. A client's own time-out is ten
// times as long, and it does not heed the end of a context while it looks for
// the coordinator.
const tellWithin = time.Second

// committing gives what commits the watermark as it is now.
func committing(cl *kgo.Client, at lake.Watermark) func(context.Context) error {
	offsets := kadm.Offsets{}
	for place, next := range at {
		offsets.AddOffset(place.Topic, place.Partition, next, -1)
	}
	return func(ctx context.Context) error { return kadm.NewClient(cl).CommitAllOffsets(ctx, Group, offsets) }
}

// tell commits, unless the commit before is still on its way.
func (s *shown) tell(ctx context.Context, commit func(context.Context) error) {
	was := s.behind
	if s.asked != nil {
		select {
		case <-s.asked:
			s.asked = nil
		default:
			return
		}
	}
	asked := make(chan result, 1)
	s.behind, s.asked = true, asked
	going := context.WithoutCancel(ctx) // it may outlast its batch; its client's end ends it
	go func() { asked <- result{commit(going)} }()
	select {
	case ended := <-asked:
		s.behind, s.asked = ended.err != nil, nil
		if s.behind && !was {
			slog.WarnContext(ctx, "the group's offsets stay behind; they are committed again", "group", Group, "error", ended.err)
		}
	case <-time.After(tellWithin):
		if !was {
			slog.WarnContext(ctx, "the group's coordinator does not answer; its offsets stay behind, and are committed again", "group", Group)
		}
	}
}

// settle waits for what is on its way, once its client is closed.
func (s *shown) settle() {
	if s.asked != nil {
		<-s.asked
		s.asked = nil
	}
}
