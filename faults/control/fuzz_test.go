package control_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

// FuzzControl: whatever body comes is answered, with a problem or a fault in
// force that can be lifted; nothing else is in force afterwards.
func FuzzControl(f *testing.F) {
	f.Add(`{"experiment":"e","step":"s","kind":"kafka.reset","boot_id":"this-boot","expires_ns":5,"lease":"1s"}`)
	f.Add(`{"kind":"kafka.delay","with":{"delay":"1s","topic":"t"}}`)
	f.Add(`{"lease":"-1s"}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) {
		e := &engine{}
		h := control.Handler(control.New(control.Config[rule.Rule]{Read: e.read(false), Engine: e, BootID: boot, Now: func() time.Duration { return 0 }}))
		ask := func(method, path string) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w
		}
		if w := ask(http.MethodPost, "/v1/plan"); w.Code >= 500 || len(e.ids()) > 0 {
			t.Fatalf("a plan: %d %s, in force %v", w.Code, w.Body, e.ids())
		}
		w := ask(http.MethodPut, "/v1/faults/r")
		var said struct {
			control.State
			Problem string `json:"problem"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
			t.Fatalf("no JSON: %v", err)
		}
		if in := len(e.ids()) == 1; (w.Code == http.StatusOK) != in || in != said.InForce || in == (said.Problem != "") || w.Code >= 500 {
			t.Fatalf("%d %s, in force %v", w.Code, w.Body, e.ids())
		}
		if w := ask(http.MethodDelete, "/v1/faults/r"); w.Code != http.StatusOK || len(e.ids()) > 0 {
			t.Fatalf("a delete: %d %s, in force %v", w.Code, w.Body, e.ids())
		}
	})
}
