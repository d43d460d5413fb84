package notify

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/spec"
)

// webhook is a service of our own: it notes what it is sent and answers as
// it is told.
type webhook struct {
	*httptest.Server
	bodies chan string
	mu     sync.Mutex
	answer func(n int) int // of the n-th request, from 1
	n      int
}

func newWebhook(t *testing.T, answer func(n int) int) *webhook {
	t.Helper()
	w := &webhook{bodies: make(chan string, 1000), answer: answer}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.n++
	status := w.answer(w.n)
	w.mu.Unlock()
	rw.WriteHeader(status)
	if status == http.StatusOK {
		w.bodies <- string(body)
	}
}

func (w *webhook) url() string { return "generic+" + w.URL + "/hook-s3cr3tt0ken" }

func (w *webhook) next(t *testing.T) string {
	t.Helper()
	select {
	case b := <-w.bodies:
		return b
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was sent")
		return ""
	}
}

func ok(int) int { return http.StatusOK }

// start runs a notifier until the test, or what is returned, ends it.
func start(t *testing.T, cfg Config) (*Notifier, func()) {
	t.Helper()
	n, err := New(cfg)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { n.Run(ctx) })
	end := sync.OnceFunc(func() { stop(); done.Wait() })
	t.Cleanup(end)
	return n, end
}

func notice(n *Notifier, all []handlers.Accepted) {
	for _, a := range all {
		n.Notice(a)
	}
}

func TestAWebhookIsToldFromStartToEnd(t *testing.T) {
	w := newWebhook(t, ok)
	n, _ := start(t, Config{URLs: []string{w.url(), "  "}, Dir: t.TempDir()})
	n.Caught()
	notice(n, play(t, time.Now(), "x-1", stories()["planned"]...))
	assert.True(t, strings.HasPrefix(w.next(t), "Started: Broker stops (x-1)\nIf we inject process.stop into kafka"))
	assert.Equal(t, "Rolling back: Broker stops (x-1)\nstep stop: rollback requested: planned", w.next(t))
	assert.Contains(t, w.next(t), "Ended, upheld: Broker stops (x-1)\nevery claim of the hypothesis holds\nrecovered 2.0 s")
}

func TestAWebhookMayAskForJSON(t *testing.T) {
	w := newWebhook(t, ok)
	n, _ := start(t, Config{URLs: []string{w.url() + "?template=json"}, On: []string{"stuck"}, Dir: t.TempDir()})
	n.Caught()
	notice(n, play(t, time.Now(), "x-1", stories()["stuck"]...))
	assert.JSONEq(t, `{"title": "Faultline: STUCK", "message": "STUCK: Broker stops (x-1)\nstep stop: process.stop on kafka could not be undone and is still there\nRun by hand: faultline --home /srv/chaos ledger undo r-1\nWhy: permission denied"}`, w.next(t))
}

func TestARefusalIsTriedAgainAndTheLogHoldsNoSecret(t *testing.T) {
	w := newWebhook(t, func(n int) int {
		if n == 1 {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	var log bytes.Buffer
	results := make(chan Result, 10)
	n, end := start(t, Config{
		URLs: []string{w.url()}, On: []string{"start"}, Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil)),
		Count: func(r Result) { results <- r },
	})
	n.Caught()
	notice(n, play(t, time.Now(), "x-1", injected()...))
	assert.Contains(t, w.next(t), "Started")
	assert.Equal(t, Retried, <-results)
	assert.Equal(t, Sent, <-results)
	end()
	assert.Contains(t, log.String(), `notify="generic, url 1"`)
	assert.Contains(t, log.String(), "500 Internal Server Error")
	assert.NotContains(t, log.String(), "s3cr3tt0ken")
}

// TestADeadServiceDelaysNobody folds far more batches than there is room
// for, while the service takes the first request and never answers.
func TestADeadServiceDelaysNobody(t *testing.T) {
	never := make(chan struct{})
	hung := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-never }))
	defer hung.Close()
	defer close(never)
	w := newWebhook(t, ok)
	n, _ := start(t, Config{URLs: []string{"generic+" + hung.URL, w.url()}, Dir: t.TempDir()})
	n.Caught()
	log := &handlers.Log{}
	log.Listen(n.Notice)
	batches := play(t, time.Now(), "x", stories()["planned"]...)
	slowest := time.Duration(0)
	for i := range 500 {
		for _, a := range batches {
			a.Batch.Experiment += spec.ExperimentID(strconv.Itoa(i))
			began := time.Now()
			require.True(t, log.Apply(a.Batch, handlers.Place{}))
			slowest = max(slowest, time.Since(began))
		}
	}
	assert.Less(t, slowest, sendWithin/10, "no batch waited for the service")
	// Which message comes first is up to how many had given way by then.
	assert.Contains(t, w.next(t), ": Broker stops (x", "another URL is told meanwhile")
	assert.Len(t, log.All(), 500)
}

func TestALaterLifeTellsWhatIsNewAndNothingTwice(t *testing.T) {
	w := newWebhook(t, ok)
	dir := t.TempDir()
	all := play(t, time.Now(), "x-1", stories()["planned"]...)
	n, end := start(t, Config{URLs: []string{w.url()}, Dir: dir})
	n.Caught()
	notice(n, all[:5]) // start and rollback
	w.next(t)
	w.next(t)
	end()

	old := play(t, time.Now().Add(-time.Hour), "old", stories()["planned"]...)
	wasStuck := play(t, time.Now().Add(-time.Hour), "was-stuck", stories()["stuck"]...)
	isStuck := play(t, time.Now().Add(-time.Hour), "is-stuck", stories()["stuck"][:6]...)
	for _, life := range [][]string{{"STUCK: Broker stops (is-stuck)", "Ended, upheld: Broker stops (x-1)"}, {"Started: Broker stops (new)"}} {
		n, end = start(t, Config{URLs: []string{w.url()}, Dir: dir})
		for _, history := range [][]handlers.Accepted{old, wasStuck, isStuck, all} {
			notice(n, history)
		}
		n.Caught()
		if strings.HasSuffix(life[0], "(new)") {
			notice(n, play(t, time.Now(), "new", injected()...))
		}
		for _, want := range life {
			assert.Contains(t, w.next(t), want)
		}
		end()
	}
	assert.Empty(t, w.bodies, "and nothing else was sent")
}
