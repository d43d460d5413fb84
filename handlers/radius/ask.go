package radius

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/observe"
	"github.com/k2-platform/faultline/rules/blastradius"
	"github.com/k2-platform/faultline/spec"
)

// Asker asks a policy. What its sources leave out are missing inputs.
type Asker struct {
	// Policy is read anew for each decision, so that an edit counts at once.
	Policy func() (blastradius.Policy, error)
	Sources
}

// Decide gathers the inputs and decides. An error means that there is no
// policy to ask; nothing may run then.
func (a Asker) Decide(ctx context.Context, q Question) (events.BlastRadiusDecided, error) {
	p, err := a.Policy()
	if err != nil {
		return events.BlastRadiusDecided{}, err
	}
	from, env := a.Sources, q.Document.Environment
	if !p.Reads(env, blastradius.IngestionRate) && !p.Reads(env, blastradius.WeekMedian) {
		from.Traffic = nil // it takes seconds, and nobody would read it
	}
	return blastradius.Decide(p, from.Gather(ctx, q)), nil
}

// ReadPolicy reads a policy's file; without one, the policy that is built in.
func ReadPolicy(file string) (blastradius.Policy, error) {
	if file == "" {
		return blastradius.Default()
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return blastradius.Policy{}, fmt.Errorf("reading the policy: %w; without it nothing may run: name another with policy: or --policy", err)
	}
	p, problems := blastradius.Parse(text)
	if err := problems.In(file).Err(); err != nil {
		return blastradius.Policy{}, fmt.Errorf("reading the policy: %w", err)
	}
	return p, nil
}

// askBroker bounds how long a broker may take to answer.
const askBroker = 2 * time.Second

// BrokerAnswers asks a broker for metadata. One that cannot be asked is not
// healthy.
func BrokerAnswers(ctx context.Context, t spec.Target) bool {
	if t.Health == nil || t.Health.Kafka == "" {
		return false
	}
	h, err := observe.NewHealth(observe.HealthConfig{Service: "broker", Kafka: t.Health.Kafka, Timeout: askBroker})
	if err != nil {
		return false
	}
	readings, err := h.Sample(ctx)
	return err == nil && len(readings) == 1 && readings[0].Value == 1
}
