package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/k2-platform/faultline/sandbox/broker"
	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/ingest"
	"github.com/k2-platform/faultline/sandbox/registry"
	"github.com/k2-platform/faultline/sandbox/sink"
	"github.com/k2-platform/faultline/sandbox/trade"
)

const (
	oldTrade  = `{"symbol":"BHP","price":"36.50","quantity":"100"}`
	newTrade  = `{"symbol":"BHP","price":"36.50","quantity":"100","settlement_date":"2026-11-27"}`
	otherFine = `{"symbol":"RIO","price":"65.00","quantity":"1"}`
)

// world is Kafka, a registry and an ingestion whose feed has ended.
type world struct {
	runner
	kafka string
	share atomic.Int64 // of memory, in per cent
}

func newWorld(t *testing.T, defects ...defect.Defect) *world {
	t.Helper()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	home := t.TempDir()
	w := &world{runner: runner{t: t, home: home, lake: lakeOf(home)}}
	w.start(broker.Name, func(ctx context.Context) error { return broker.Run(ctx, broker.Config{Home: home}) })
	var err error
	w.kafka, err = broker.Addr(home)
	require.NoError(t, err)
	w.start(registry.Name, func(ctx context.Context) error {
		return registry.Run(ctx, registry.Config{Home: home, Defects: defects})
	})
	w.ingest(defects)
	return w
}

// ingest plays ten trades and takes what is posted.
func (w *world) ingest(defects defect.Set) (stop func()) {
	return w.start(ingest.Name, func(ctx context.Context) error {
		return ingest.Run(ctx, ingest.Config{
			Home: w.home, Kafka: w.kafka, Registry: w.addr(registry.Name), Limit: 10, Defects: defects,
			Memory: func() (int64, int64, error) { return w.share.Load(), 100, nil },
		})
	})
}

func (w *world) post(body string) (int, ingest.Answer) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, "http://"+w.addr(ingest.Name)+"/v1/trades", strings.NewReader(body))
	require.NoError(w.t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, res.Body.Close()) }()
	var a ingest.Answer
	require.NoError(w.t, json.NewDecoder(res.Body).Decode(&a))
	return res.StatusCode, a
}

func (w *world) subject() *sr.Client {
	cl, err := sr.NewClient(sr.URLs("http://" + w.addr(registry.Name)))
	require.NoError(w.t, err)
	return cl
}

// withField is TradeV2 and one field more.
func withField(field string) sr.Schema {
	all := trade.SchemaText()
	text := all[:strings.LastIndex(all, "]")]
	return sr.Schema{Schema: text + "," + field + "]}", Type: sr.TypeAvro}
}

func TestATradeWithANewFieldWaitsForACompatibleSchema(t *testing.T) {
	w := newWorld(t)
	status, a := w.post(oldTrade)
	require.Equal(t, http.StatusOK, status, a)
	assert.True(t, a.Acknowledged)
	assert.NotEmpty(t, a.TradeID)

	refused := func(why string) {
		t.Helper()
		status, a := w.post(newTrade)
		require.Equal(t, http.StatusUnprocessableEntity, status, a)
		assert.Equal(t, "schema_validation", a.Error)
		assert.Contains(t, a.Message, why)
		status, _ = w.post(oldTrade)
		require.Equal(t, http.StatusOK, status, "an old trade is taken all the same")
	}
	refused("no field settlement_date")

	cl, subject := w.subject(), broker.Topic+"-value"
	bad := withField(`{"name":"settlement_date","type":"string"}`)
	_, err := cl.CreateSchema(t.Context(), subject, bad)
	var no *sr.ResponseError
	require.ErrorAs(t, err, &no)
	require.Equal(t, http.StatusConflict, no.StatusCode)

	// Its level lowered, the registry takes it. The trade is refused still.
	level := func(l sr.CompatibilityLevel) {
		for _, r := range cl.SetCompatibility(t.Context(), sr.SetCompatibility{Level: l}, subject) {
			require.NoError(t, r.Err)
		}
	}
	level(sr.CompatNone)
	_, err = cl.CreateSchema(t.Context(), subject, bad)
	require.NoError(t, err)
	refused("does not go with what is stored")

	_, err = cl.CreateSchema(t.Context(), subject, withField(`{"name":"settlement_date","type":"string","default":""}`))
	require.NoError(t, err)
	status, a = w.post(newTrade)
	require.Equal(t, http.StatusOK, status, a)

	w.start(sink.Name, func(ctx context.Context) error {
		return sink.Run(ctx, sink.Config{Home: w.home, Kafka: w.kafka, Registry: w.addr(registry.Name), Lake: w.lake, Every: 100 * time.Millisecond})
	})
	w.until("the new trade is stored", func() bool { return w.stored()[a.TradeID] == 1 })
	w.until("all are stored", func() bool { return len(w.stored()) == int(w.position().Taken) })
}

func TestARegistryThatAcceptsAllIsTold(t *testing.T) {
	w := newWorld(t, defect.RegistryAcceptsAll)
	_, err := w.subject().CreateSchema(t.Context(), broker.Topic+"-value", withField(`{"name":"settlement_date","type":"string"}`))
	require.NoError(t, err)
	res, err := w.subject().CheckCompatibility(t.Context(), broker.Topic+"-value", -1, withField(`{"name":"lot","type":"int"}`))
	require.NoError(t, err)
	assert.True(t, res.Is)
}

func TestPostedTradesAreNoneOfTheFeed(t *testing.T) {
	w := newWorld(t)
	w.until("the feed is taken", func() bool { return w.position().Taken == 10 })
	status, _ := w.post(oldTrade)
	require.Equal(t, http.StatusOK, status)
	p := w.position()
	assert.Equal(t, int64(11), p.Taken)
	assert.Equal(t, int64(1), p.Posted)
	_, body := w.get(ingest.Name, "/receipts?from=11")
	assert.Contains(t, body, `"price":"36.50000000"`)
	assert.Contains(t, body, `"posted":true`)
}

func TestUnderPressureOnlyTradesOfHighPriorityAreTaken(t *testing.T) {
	w := newWorld(t)
	w.share.Store(90)
	w.until("load shedding is on", func() bool { return w.metric("ingest_load_shedding_active 1") })
	status, a := w.post(oldTrade) // BHP
	require.Equal(t, http.StatusOK, status, a)
	status, a = w.post(otherFine)
	require.Equal(t, http.StatusServiceUnavailable, status)
	assert.Equal(t, "load_shedding", a.Error)
	status, a = w.post(`{"symbol":"RIO","price":"65.00","quantity":"1","priority":"high"}`)
	require.Equal(t, http.StatusOK, status, a)
	p := w.position()
	assert.Equal(t, p.Taken, p.Acked+p.Shed, "%+v", p)
	assert.True(t, w.metric("ingest_high_priority_missed_total 0"))
	assert.False(t, w.metric(`ingest_shed_total{priority="normal"} 0`))
	w.share.Store(20)
	w.until("load shedding is off", func() bool { return w.metric("ingest_load_shedding_active 0") })
	status, a = w.post(otherFine)
	require.Equal(t, http.StatusOK, status, a)
}

func TestOneThatShedsEverythingIsTold(t *testing.T) {
	w := newWorld(t, defect.ShedEverything)
	w.share.Store(90)
	w.until("load shedding is on", func() bool { return w.metric("ingest_load_shedding_active 1") })
	status, _ := w.post(oldTrade)
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.False(t, w.metric("ingest_high_priority_missed_total 0"))
}

// metric says whether ingest has a series with that value.
func (w *world) metric(line string) bool {
	_, body := w.get(ingest.Name, "/metrics")
	return bytes.Contains([]byte(body), []byte("\n"+line+"\n"))
}
