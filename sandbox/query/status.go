package query

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/k2-platform/faultline/sandbox/defect"
)

// status is what /status says of the service: what it is doing, and why.
type status struct {
	Breaker  string    `json:"breaker"`           // closed, open or half-open
	Damage   string    `json:"damage,omitempty"`  // what is known to be damaged
	Degraded bool      `json:"degraded"`          // answers are cheap now
	Current  time.Time `json:"current,omitzero"`  // when the rows in memory were last seen to be the table's newest
	Snapshot int64     `json:"snapshot,omitzero"` // of the rows in memory
}

func (a *api) status(w http.ResponseWriter, _ *http.Request) {
	out := status{Breaker: a.storage.breaker.State().String(), Degraded: a.strain.slow()}
	if err := a.storage.damage(); err != nil {
		out.Damage = err.Error()
	}
	if p, current, ok := a.pages.held("", 0); ok {
		out.Snapshot, out.Current = p.snapshot, current
	}
	if a.defects.Has(defect.HealthLies) {
		out.Breaker, out.Damage, out.Degraded = "closed", "", false
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out) // a client that left needs no answer
}

// health is true while answers are fresh: a service that lives on its fallback
// says so.
func (a *api) health(ctx context.Context) error {
	if a.defects.Has(defect.HealthLies) {
		return nil
	}
	if err := a.storage.damage(); err != nil {
		return fmt.Errorf("storage_unavailable: %w", err)
	}
	if a.storage.open() {
		return fmt.Errorf("the circuit breaker is %s: answers come from the fallback", a.storage.breaker.State())
	}
	_, err := a.pages.readable(ctx)
	return err
}
