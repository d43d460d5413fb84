package handlers_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus/poison"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// topic is one partition of a log that several processes read.
type topic struct {
	mu      sync.Mutex
	records []events.Batch
	logs    []*handlers.Log
}

func (p *topic) Append(_ context.Context, b events.Batch, _ string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, b)
	for _, l := range p.logs {
		l.Apply(b, handlers.Place{Topic: "chaos.events", Offset: int64(len(p.records) - 1)})
	}
	return nil
}

// TestTwoRacingDeciders gives two deciders the same commands at once. The
// log may hold batches that lost; what every reader accepts may not.
func TestTwoRacingDeciders(t *testing.T) {
	p := &topic{logs: []*handlers.Log{{}, {}}}
	accepted := map[string]int{}
	p.logs[0].Listen(func(a handlers.Accepted) { accepted[a.Batch.Cause]++ })
	const n = 200
	var wg sync.WaitGroup
	for _, l := range p.logs {
		for w := range 4 {
			wg.Go(func() {
				d := handlers.Decider{Log: l, Appender: p}
				for i := range n {
					c := commands.Envelope{ID: fmt.Sprintf("%d-%d", w, i), Experiment: "x", Command: commands.Note{}}
					if err := d.Decide(t.Context(), c); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	if len(accepted) != 4*n {
		t.Errorf("%d commands have consequences, want %d", len(accepted), 4*n)
	}
	for cause, times := range accepted {
		if times != 1 {
			t.Errorf("command %s was accepted %d times", cause, times)
		}
	}
	if v := p.logs[1].State("x").Version; v != 4*n {
		t.Errorf("version %d, want %d", v, 4*n)
	}
}

func TestLiveForgetsWhatIsOver(t *testing.T) {
	p := &topic{logs: []*handlers.Log{{}}}
	d := handlers.Decider{Log: p.logs[0], Appender: p}
	doc := spec.Document{Steps: []spec.Step{{ID: "a"}}}
	for i, c := range []commands.Envelope{
		{Experiment: "stays", Command: commands.Schedule{Document: doc}},
		{Experiment: "goes", Command: commands.Schedule{Document: doc}},
		{Experiment: "goes", Command: commands.Abort{Reason: "enough"}},
		{Experiment: "never-was", Command: commands.Abort{}},
	} {
		c.ID = fmt.Sprint(i)
		if err := d.Decide(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	live := p.logs[0].Live()
	if len(live) != 1 || live[0].ID != "stays" || live[0].Phase != experiment.Scheduled {
		t.Errorf("live: %+v", live)
	}
	if s := p.logs[0].State("never-was"); s.Version != 1 || s.Phase != experiment.Absent {
		t.Errorf("a refusal must be in the log and schedule nothing: %+v", s)
	}
	for _, s := range p.logs[0].All() {
		if s.ID == "never-was" {
			t.Error("an id that nothing was scheduled under is listed as an experiment")
		}
	}
}

func TestDecideGivesUpWithItsContext(t *testing.T) {
	silent := &topic{} // appends and nobody reads
	d := handlers.Decider{Log: &handlers.Log{}, Appender: silent}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := d.Decide(ctx, commands.Envelope{ID: "1", Experiment: "x", Command: commands.Abort{}})
	if err == nil {
		t.Error("a command was acknowledged that nobody accepted")
	}
	if !poison.IsSpared(err) {
		t.Errorf("a command would be given up since the log could not be read: %v", err)
	}
}
