package halt

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/k2-platform/faultline/spec"
)

// Renewal says that the owner of these experiments is alive. Beat counts up,
// so that one that is sent again renews nothing.
type Renewal struct {
	Owner
	Beat        uint64              `json:"beat"`
	Lease       spec.Duration       `json:"lease"`
	Experiments []spec.ExperimentID `json:"experiments"`
}

// Renew tells every agent. It does not wait for them.
func (c *Conn) Renew(_ context.Context, r Renewal) error {
	data, err := json.Marshal(r)
	if err == nil {
		err = c.nats.Publish(c.lease(), data)
	}
	if err != nil {
		return fmt.Errorf("renewing leases: %w", err)
	}
	return nil
}
