package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/web"
)

const token = "0123456789abcdef"

// post asks a handler to halt, with whatever change makes of the request.
func post(t *testing.T, h http.Handler, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:9464/halt", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHaltIsForWhoHasTheTokenAndAsksFromHere(t *testing.T) {
	stopped := 0
	h := web.Halt(web.HaltConfig{Token: token, Log: slog.New(slog.DiscardHandler), Stop: func(context.Context, halt.Order) (halt.Outcome, error) {
		stopped++
		return halt.Outcome{Answers: []halt.Answer{{Agent: "a"}}}, nil
	}})
	for name, bad := range map[string]struct {
		status int
		body   string
		change func(*http.Request)
	}{
		"no token":       {http.StatusUnauthorized, `{"all":true}`, func(r *http.Request) { r.Header.Del("Authorization") }},
		"another token":  {http.StatusUnauthorized, `{"all":true}`, func(r *http.Request) { r.Header.Set("Authorization", "Bearer 0123456789abcdeF") }},
		"a password":     {http.StatusUnauthorized, `{"all":true}`, func(r *http.Request) { r.SetBasicAuth("x", token) }},
		"foreign host":   {http.StatusForbidden, `{"all":true}`, func(r *http.Request) { r.Host = "evil.example:9464" }},
		"foreign origin": {http.StatusForbidden, `{"all":true}`, func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }},
		"no origin":      {http.StatusForbidden, `{"all":true}`, func(r *http.Request) { r.Header.Set("Origin", "null") }},
		"a form":         {http.StatusUnsupportedMediaType, `all=true`, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
		"neither":        {http.StatusBadRequest, `{}`, nil},
		"both":           {http.StatusBadRequest, `{"all":true,"experiment":"e"}`, nil},
		"a typo":         {http.StatusBadRequest, `{"experimnt":"e","all":true}`, nil},
		"no id":          {http.StatusBadRequest, `{"experiment":"a b"}`, nil},
		"no JSON":        {http.StatusBadRequest, `stop!`, nil},
	} {
		w := post(t, h, bad.body, bad.change)
		assert.Equal(t, bad.status, w.Code, name)
		assert.Contains(t, w.Body.String(), "problem", name)
	}
	assert.Zero(t, stopped)
	for _, host := range []string{"127.0.0.1:9464", "localhost:9464", "[::1]:9464", "10.0.0.7"} {
		assert.Equal(t, http.StatusOK, post(t, h, `{"all":true}`, func(r *http.Request) { r.Host = host; r.Header.Set("Origin", "http://"+host) }).Code, host)
	}
	assert.Equal(t, 4, stopped)
	nobody := web.Halt(web.HaltConfig{Log: slog.New(slog.DiscardHandler)})
	assert.Equal(t, http.StatusUnauthorized, post(t, nobody, `{"all":true}`, func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }).Code, "no token lets nobody in")
}

func TestHaltSaysWhatCameOfIt(t *testing.T) {
	fine := halt.Outcome{Order: "h", Answers: []halt.Answer{{Agent: "a", Undone: 2}}}
	for name, c := range map[string]struct {
		out    halt.Outcome
		err    error
		status int
	}{
		"all stopped": {out: fine, status: http.StatusOK},
		"one silent":  {out: halt.Outcome{Answers: fine.Answers, Silent: []string{"b"}}, status: http.StatusMultiStatus},
		"one failed":  {out: halt.Outcome{Answers: []halt.Answer{{Agent: "a", Failed: []string{"x"}}}}, status: http.StatusMultiStatus},
		"nobody":      {status: http.StatusBadGateway},
		"no nats":     {out: fine, err: errors.New("waiting for nats"), status: http.StatusBadGateway},
	} {
		t.Run(name, func(t *testing.T) {
			var got halt.Order
			h := web.Halt(web.HaltConfig{Token: token, Log: slog.New(slog.DiscardHandler), Stop: func(_ context.Context, o halt.Order) (halt.Outcome, error) {
				got = o
				return c.out, c.err
			}})
			w := post(t, h, `{"experiment":"e1","why":"enough"}`, nil)
			assert.Equal(t, c.status, w.Code)
			var res web.HaltResponse
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &res))
			assert.Equal(t, c.out.Silent, res.Silent)
			assert.Equal(t, c.err != nil, res.Problem != "")
			assert.Equal(t, "e1", string(got.Experiment))
			assert.Equal(t, "enough", got.Why)
			assert.Contains(t, got.By, "http ")
		})
	}
}
