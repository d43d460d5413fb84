package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/guard"
	"github.com/k2-platform/faultline/spec"
)

// HaltConfig is what POST /halt needs; all of it.
type HaltConfig struct {
	// Token lets in whoever writes it as "Authorization: Bearer TOKEN".
	Token string
	// Stop sends an order to every agent, and returns what came of it.
	Stop func(context.Context, halt.Order) (halt.Outcome, error)
	Log  *slog.Logger
}

// haltRequest is the body of POST /halt: one experiment, or all.
type haltRequest struct {
	Experiment spec.ExperimentID `json:"experiment"`
	All        bool              `json:"all"`
	Why        string            `json:"why"`
}

// HaltResponse is the body of its answer.
type HaltResponse struct {
	halt.Outcome
	Problem string `json:"problem,omitempty"`
}

const (
	haltWithin  = 15 * time.Second
	longestBody = 64 << 10
)

// Halt answers POST /halt as faultline halt would. The status says what is
// known: 200 every agent answered and undid all; 207 some agent was silent or
// could not undo something; 502 the agents could not be told, or nobody
// answered. Refused: 400 what cannot be read or names neither an experiment nor
// all, 401 without the token, 403 a foreign Host or Origin, 415 another content
// type than JSON.
func Halt(c HaltConfig) http.Handler {
	return guard.Local(guard.Authorized(c.Token, http.HandlerFunc(c.serve)))
}

func (c HaltConfig) serve(w http.ResponseWriter, r *http.Request) {
	o, status, err := order(w, r)
	if err != nil {
		guard.Refuse(w, status, err)
		return
	}
	// Who asked may leave: what was asked for is done.
	ctx, stop := context.WithTimeout(context.WithoutCancel(r.Context()), haltWithin)
	defer stop()
	c.Log.Warn("halting", "experiment", o.Experiment, "by", o.By, "why", o.Why)
	out, err := c.Stop(ctx, o)
	res := HaltResponse{Outcome: out}
	if err != nil {
		res.Problem = err.Error()
	}
	guard.Reply(w, res.status(), res)
}

func (h HaltResponse) status() int {
	switch {
	case h.Problem != "" || len(h.Answers) == 0:
		return http.StatusBadGateway
	case len(h.Silent) > 0 || len(h.Failed()) > 0:
		return http.StatusMultiStatus
	}
	return http.StatusOK
}

// order reads what is to stop. A request that says neither one nor all, or
// both, is refused: only NATS, where every client is one of ours, guesses.
func order(w http.ResponseWriter, r *http.Request) (halt.Order, int, error) {
	if !guard.IsJSON(r) {
		return halt.Order{}, http.StatusUnsupportedMediaType, errors.New("halting: send JSON, with Content-Type: application/json")
	}
	var q haltRequest
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, longestBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return halt.Order{}, http.StatusBadRequest, fmt.Errorf(`halting: reading the request: %w; send {"all": true} or {"experiment": "ID"}`, err)
	}
	if q.All == (q.Experiment != "") {
		return halt.Order{}, http.StatusBadRequest, errors.New(`halting: name one experiment or all: {"experiment": "ID"} or {"all": true}`)
	}
	if !q.All {
		if err := spec.CheckID(q.Experiment); err != nil {
			return halt.Order{}, http.StatusBadRequest, fmt.Errorf("halting: %w", err)
		}
	}
	return halt.Order{Experiment: q.Experiment, Cause: halt.ByOperator, By: "http " + r.RemoteAddr, Why: q.Why, At: time.Now().UTC()}, 0, nil
}
