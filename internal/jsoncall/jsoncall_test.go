package jsoncall_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/jsoncall"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func client() *http.Client { return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} }

func TestACall(t *testing.T) {
	var heard http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard = r.Header
		if r.URL.Path == "/short" {
			w.Header().Set("Content-Length", "9")
		}
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusTeapot)
		}
		_, _ = w.Write([]byte(`{"message": "tea"}`)[:map[bool]int{true: 5, false: 18}[r.URL.Path == "/short"]])
	}))
	defer s.Close()
	var out struct{ Message string }
	require.NoError(t, jsoncall.Do(t.Context(), client(), "", http.MethodGet, s.URL, nil, &out))
	assert.Equal(t, "tea", out.Message)
	assert.Empty(t, heard.Get("Authorization")+heard.Get("Content-Type"))
	require.NoError(t, jsoncall.Do(t.Context(), client(), "secret", http.MethodPost, s.URL, 1, nil))
	assert.Equal(t, "Bearer secret application/json", heard.Get("Authorization")+" "+heard.Get("Content-Type"))

	err := jsoncall.Do(t.Context(), client(), "", http.MethodGet, s.URL+"/no", nil, &out)
	var refusal *jsoncall.Refusal
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, jsoncall.Refusal{Status: http.StatusTeapot, Message: "tea"}, *refusal)
	require.ErrorIs(t, jsoncall.Do(t.Context(), client(), "", http.MethodGet, s.URL+"/short", nil, &out), jsoncall.ErrNoAnswer)
	err = jsoncall.Do(t.Context(), client(), "", http.MethodGet, s.URL, nil, new(int))
	require.ErrorContains(t, err, "reading its answer")
	require.NotErrorIs(t, err, jsoncall.ErrNoAnswer)
	s.Close()
	require.ErrorIs(t, jsoncall.Do(t.Context(), client(), "", http.MethodGet, s.URL, nil, nil), jsoncall.ErrNoAnswer)
}
