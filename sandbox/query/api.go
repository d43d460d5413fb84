package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
)

const (
	defaultLimit  = 100
	maxLimit      = 10_000
	degradedLimit = 10
)

type api struct {
	pages   *pages
	storage *storage
	strain  *strain
	gate    gate
	defects defect.Set
	meters  *meters
}

func (a *api) trades(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	out := a.answer(r)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if out.stale {
		h.Set("Age", strconv.Itoa(int(out.age.Seconds()))) // RFC 9111, 5.1
	}
	if m := out.body.Meta; m != nil && m.Fallback {
		h.Set("X-Fallback", "true")
	}
	if m := out.body.Meta; m != nil && m.Degraded {
		h.Set("X-Degraded", "true")
	}
	if out.kind == overloaded {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(out.status)
	_ = json.NewEncoder(w).Encode(out.body) // a client that left needs no answer
	took := time.Since(began)
	if out.kind == fresh || out.kind == degraded || out.kind == overloaded {
		a.strain.answered(took)
	}
	a.meters.answered(out, took)
}

func (a *api) answer(r *http.Request) answered {
	limit := defaultLimit
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxLimit {
			return answered{status: http.StatusBadRequest, kind: refused, body: reply{Error: fmt.Sprintf("limit must be 1 to %d", maxLimit)}}
		}
		limit = n
	}
	symbol := r.URL.Query().Get("symbol")
	if err := a.gate.enter(r.Context()); err != nil {
		return failed(http.StatusServiceUnavailable, overloaded, "overloaded", err)
	}
	defer a.gate.leave()
	if a.strain.slow() {
		return a.cheap(r, symbol, limit)
	}
	page, err := a.pages.get(r.Context(), symbol, limit)
	if err == nil {
		return ok(fresh, page)
	}
	return a.without(r, symbol, limit, err)
}

// without answers when the table could not be read. Where the store is away the
// last good answer stands in; damage must not be hidden behind it.
func (a *api) without(r *http.Request, symbol string, limit int, err error) answered {
	last, current, have := a.pages.held(symbol, limit)
	damage := a.storage.damage()
	corrupt := damage != nil || errors.Is(err, lake.ErrCorrupt)
	switch {
	case !corrupt && have && errors.Is(err, errNoStore):
		return a.fallback(last, current)
	case corrupt && damage != nil:
		err = damage
	}
	if r.Context().Err() == nil { // the caller is still there
		slog.ErrorContext(r.Context(), "trades cannot be read", "error", err)
	}
	if a.defects.Has(defect.Status500) {
		return failed(http.StatusInternalServerError, unavailable, err.Error(), err)
	}
	return failed(http.StatusServiceUnavailable, unavailable, "storage_unavailable", err)
}

func (a *api) fallback(last page, current time.Time) answered {
	if a.defects.Has(defect.FallbackEmpty) {
		last = page{rows: []Trade{}}
	}
	out := held(fallback, last, current)
	out.body.Meta.Fallback = true
	return out
}

// cheap answers with few rows from memory, whatever was asked for.
func (a *api) cheap(r *http.Request, symbol string, limit int) answered {
	last, current, have := a.pages.held(symbol, min(limit, degradedLimit))
	if damage := a.storage.damage(); damage != nil || !have {
		return a.without(r, symbol, limit, errors.Join(damage, errNoView))
	}
	out := held(degraded, last, current)
	out.body.Meta.Degraded, out.body.Meta.Fallback = true, a.storage.open()
	return out
}

// errNoView is the answer while no row was read yet and none can be.
var errNoView = errors.New("nothing is in memory to answer from")
