package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/internal/guard"
)

// outcome says which status stands for which refusal.
type outcome struct {
	is     error
	status int
}

// outcomes are looked through in their order: ErrLifted is a refusal, too.
func outcomes() []outcome {
	return []outcome{
		{ErrOtherRun, http.StatusGone},
		{ErrLifted, http.StatusConflict},
		{faults.ErrRefused, http.StatusUnprocessableEntity},
	}
}

// Handler answers for a desk:
//
//	GET    /v1/faults                 Status: all that is in force
//	PUT    /v1/faults/{receipt}       a Fault; in force once it answers 200. The same again changes nothing but its lease
//	GET    /v1/faults/{receipt}       State, whether in force or not
//	POST   /v1/faults/{receipt}/keep  renews the lease
//	DELETE /v1/faults/{receipt}       lifted once it answers 200, and barred
//	POST   /v1/plan                   a Question; 200 and an Answer: nothing speaks against it
//
// A slash in a receipt is written %2F. ?run=RUN asks one life of the proxy
// alone. Refused: 400 what cannot be read, 401 without the token, 403 a foreign
// Host or Origin, 409 lifted before, 410 of another life, 415 another content
// type than JSON, 422 what the proxy does not do, each with {"problem": why}.
func Handler[R any](d *Desk[R]) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/faults", d.serve(func(*http.Request) (any, error) { return d.All(), nil }))
	mux.HandleFunc("GET /v1/faults/{receipt}", d.serve(func(r *http.Request) (any, error) { return d.Get(r.PathValue("receipt")), nil }))
	mux.HandleFunc("PUT /v1/faults/{receipt}", d.serve(func(r *http.Request) (any, error) {
		id := r.PathValue("receipt")
		var f Fault
		err := read(r, &f)
		if err == nil {
			err = d.Put(id, f)
		}
		return d.Get(id), err
	}))
	mux.HandleFunc("DELETE /v1/faults/{receipt}", d.serve(func(r *http.Request) (any, error) {
		id := r.PathValue("receipt")
		return State{Receipt: id}, d.Lift(id)
	}))
	mux.HandleFunc("POST /v1/faults/{receipt}/keep", d.serve(func(r *http.Request) (any, error) {
		id := r.PathValue("receipt")
		return State{Receipt: id, InForce: true}, d.Keep(id)
	}))
	mux.HandleFunc("POST /v1/plan", d.serve(func(r *http.Request) (any, error) {
		var q Question
		err := read(r, &q)
		if err == nil {
			err = d.Plan(q)
		}
		return Answer{Run: d.run}, err
	}))
	return mux
}

// unreadable is what is wrong with a request itself.
type unreadable struct {
	error
	status int
}

func (d *Desk[R]) serve(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, longestBody)
		if run := r.URL.Query().Get("run"); run != "" && run != d.run {
			guard.Refuse(w, http.StatusGone, ErrOtherRun)
			return
		}
		body, err := do(r)
		if err == nil {
			guard.Reply(w, http.StatusOK, body)
			return
		}
		guard.Refuse(w, status(err), err)
	}
}

func status(err error) int {
	if bad, ok := errors.AsType[unreadable](err); ok {
		return bad.status
	}
	for _, o := range outcomes() {
		if errors.Is(err, o.is) {
			return o.status
		}
	}
	return http.StatusInternalServerError
}

// read takes one JSON value whose every field is known.
func read(r *http.Request, into any) error {
	if !guard.IsJSON(r) {
		return unreadable{errors.New("send JSON, with Content-Type: application/json"), http.StatusUnsupportedMediaType}
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows it")
		}
	}
	if err != nil {
		return unreadable{fmt.Errorf("reading the request: %w; send one JSON object of at most %d KiB", err, longestBody>>10), http.StatusBadRequest}
	}
	return nil
}

const (
	askWithin   = 5 * time.Second
	idle        = 30 * time.Second
	longestHead = 16 << 10
	closeWithin = 2 * time.Second
)

// Serve answers on a listener until ctx ends; then it closes it. token is
// what must be known on one that anybody on this machine can reach; "" is for a
// socket, whose mode says who may ask.
func Serve[R any](ctx context.Context, l net.Listener, d *Desk[R], token string) error {
	h := Handler(d)
	if l.Addr().Network() != "unix" {
		h = guard.Authorized(token, h)
	}
	server := &http.Server{
		Handler: guard.Local(h), ReadHeaderTimeout: askWithin, ReadTimeout: askWithin, WriteTimeout: askWithin,
		IdleTimeout: idle, MaxHeaderBytes: longestHead,
	}
	closed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		last, done := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer done()
		err := server.Shutdown(last)
		if err != nil {
			err = server.Close() // a client kept its request open
		}
		closed <- err
	})
	err := server.Serve(l)
	if !stop() {
		err = cmp.Or(<-closed, err)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("answering at %s: %w", l.Addr(), err)
}
