package payload_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/faults/kafkaproxy/payload"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The ids of the schemas that the registry of the tests serves.
const (
	tradeAvro  = 7
	tradeProto = 8
	tradeJSON  = 9
	broken     = 11
	lateAvro   = 12 // registered late
	venueAvro  = 30 // refers to another
)

// registry is the part of Confluent's API that is read. down makes it fail;
// late is when what is registered late is there.
type registry struct {
	url        string
	client     *http.Client
	asked      atomic.Int64
	down, late atomic.Bool
}

func serve(tb testing.TB) *registry {
	tb.Helper()
	text := func(name string) string {
		b, err := os.ReadFile("testdata/" + name)
		require.NoError(tb, err)
		return string(b)
	}
	schemas := map[string]sr.Schema{
		"7": {Schema: text("trade.avsc")},
		"8": {Schema: text("trade.proto"), Type: sr.TypeProtobuf, References: []sr.SchemaReference{
			{Name: "venue.proto", Subject: "venue", Version: 1},
		}},
		"9":  {Schema: `{"type":"object"}`, Type: sr.TypeJSON},
		"11": {Schema: `{"type":"nonsense"}`},
		"12": {Schema: text("trade.avsc")},
		"30": {
			Schema:     `{"type":"record","name":"V","fields":[{"name":"one","type":"x.Money"},{"name":"two","type":"x.Money"}]}`,
			References: []sr.SchemaReference{{Name: "x.Money", Subject: "money", Version: 2}},
		},
	}
	versions := map[string]sr.Schema{
		"venue/1": {Schema: text("venue.proto"), Type: sr.TypeProtobuf},
		"money/2": {Schema: `{"type":"record","name":"x.Money","fields":[{"name":"cents","type":"long"}]}`},
	}
	r := new(registry)
	answer := func(w http.ResponseWriter, s sr.Schema, ok bool, subject string) {
		r.asked.Add(1)
		switch {
		case r.down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error_code":40403,"message":"Schema not found"}`))
		case subject != "":
			_ = json.NewEncoder(w).Encode(sr.SubjectSchema{Subject: subject, Version: 1, ID: 1, Schema: s})
		default:
			_ = json.NewEncoder(w).Encode(s)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /schemas/ids/{id}", func(w http.ResponseWriter, req *http.Request) {
		s, ok := schemas[req.PathValue("id")]
		answer(w, s, ok && (req.PathValue("id") != "12" || r.late.Load()), "")
	})
	mux.HandleFunc("GET /subjects/{subject}/versions/{version}", func(w http.ResponseWriter, req *http.Request) {
		s, ok := versions[req.PathValue("subject")+"/"+req.PathValue("version")]
		answer(w, s, ok, req.PathValue("subject"))
	})
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	r.url, r.client = server.URL, server.Client()
	return r
}

func (r *registry) corrupter() *payload.Corrupter { return payload.New(r.client, r.url, 1) }

func frame(id byte, body []byte) []byte { return append([]byte{0, 0, 0, 0, id}, body...) }

// corrupt demands that the value is as it was where nothing changed.
func corrupt(tb testing.TB, c *payload.Corrupter, value []byte, how rule.Corrupt) ([]byte, bool, error) {
	tb.Helper()
	before := append([]byte{}, value...)
	out, changed, err := c.Corrupt(tb.Context(), "trades", value, how)
	require.Equal(tb, string(before), string(value), "the value was written to")
	if !changed {
		require.Equal(tb, value, out)
	} else {
		require.NoError(tb, err)
	}
	again, _, _ := c.Corrupt(tb.Context(), "trades", value, how)
	require.Equal(tb, out, again, "the same value is not corrupted the same way")
	return out, changed, err
}

func TestSchemasAreAskedForOnce(t *testing.T) {
	r := serve(t)
	c := r.corrupter()
	value := frame(tradeAvro, encodedTrade(t, trade()))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, changed, err := c.Corrupt(t.Context(), "trades", value, swap("price", "quantity"))
			if err != nil || !changed {
				t.Errorf("changed %v, error %v", changed, err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, r.asked.Load())
}

func TestARegistryThatIsDownLeavesValues(t *testing.T) {
	r := serve(t)
	r.down.Store(true)
	c := r.corrupter()
	value := frame(tradeAvro, encodedTrade(t, trade()))
	for range 5 {
		out, changed, err := c.Corrupt(t.Context(), "trades", value, swap("price", "quantity"))
		require.ErrorContains(t, err, "reading schema 7")
		require.False(t, changed)
		require.Equal(t, value, out)
	}
	require.EqualValues(t, 1, r.asked.Load(), "a registry that is down is asked for each record")
	_, _, err := c.Corrupt(t.Context(), "trades", value, rule.Corrupt{Do: rule.WrongSchemaID})
	require.Error(t, err, "nobody knows which id is another one")
}

func TestWhatTheRegistryLacksIsAnError(t *testing.T) {
	c := serve(t).corrupter()
	for name, tc := range map[string]struct {
		value []byte
		how   rule.Corrupt
		want  string
	}{
		"unknown id":       {frame(99, nil), swap("a", "b"), "does not know"},
		"broken schema":    {frame(broken, nil), swap("a", "b"), "compiling schema 11"},
		"no frame":         {[]byte("abc"), swap("a", "b"), "no JSON"},
		"no frame, avro":   {[]byte("abc"), rule.Corrupt{Do: rule.NewField, Format: rule.Avro}, "Confluent's framing"},
		"another format":   {frame(tradeProto, nil), rule.Corrupt{Do: rule.NewField, Format: rule.Avro}, "PROTOBUF"},
		"raw has no field": {[]byte("{}"), rule.Corrupt{Do: rule.NewField, Format: rule.Raw}, "no fields"},
		"null":             {nil, swap("a", "b"), "null"},
		"one field":        {[]byte("{}"), rule.Corrupt{Do: rule.FieldSwap, Fields: []string{"a"}}, "two fields"},
		"empty name":       {[]byte("{}"), swap("a..b", "c"), "empty name"},
		"one in the other": {[]byte("{}"), swap("a", "a.b"), "holds the other"},
		"own time":         {[]byte("{}"), rule.Corrupt{Do: rule.TimestampShift}, "of the record"},
	} {
		t.Run(name, func(t *testing.T) {
			_, changed, err := corrupt(t, c, tc.value, tc.how)
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, "topic trades")
			require.False(t, changed)
		})
	}
	_, _, err := corrupt(t, payload.New(nil, "", 1), frame(7, []byte{1}), swap("a", "b"))
	require.ErrorContains(t, err, "no schema registry")
}

func TestReferencesOfAvroAreFollowed(t *testing.T) {
	c := serve(t).corrupter()
	out, changed, err := corrupt(t, c, frame(venueAvro, []byte{2, 4}), swap("one", "two"))
	require.NoError(t, err)
	require.True(t, changed)
	require.Equal(t, frame(venueAvro, []byte{4, 2}), out)
}

func TestAWrongSchemaIDIsOneThatExists(t *testing.T) {
	c := serve(t).corrupter()
	for name, tc := range map[string]struct {
		id, want byte
		c        *payload.Corrupter
	}{
		"the next":           {7, 8, c},
		"the one before":     {9, 8, c},
		"none is near":       {60, 61, c},
		"nobody is asked":    {7, 8, payload.New(nil, "", 1)},
		"one that is broken": {11, 9, c},
	} {
		t.Run(name, func(t *testing.T) {
			out, changed, err := corrupt(t, tc.c, frame(tc.id, []byte("body")), rule.Corrupt{Do: rule.WrongSchemaID})
			require.NoError(t, err)
			require.True(t, changed)
			require.Equal(t, frame(tc.want, []byte("body")), out)
		})
	}
}

func swap(a, b string) rule.Corrupt { return rule.Corrupt{Do: rule.FieldSwap, Fields: []string{a, b}} }

// TestASchemaIsThereOnceARecordHasIt: that its id was once tried as a wrong one
// of another record, and was of no schema then, says nothing of it.
func TestASchemaIsThereOnceARecordHasIt(t *testing.T) {
	r := serve(t)
	c := r.corrupter()
	out, _, err := corrupt(t, c, frame(broken, []byte("body")), rule.Corrupt{Do: rule.WrongSchemaID})
	require.NoError(t, err)
	require.Equal(t, frame(tradeJSON, []byte("body")), out, "it looked at the ids between")
	r.late.Store(true)
	_, changed, err := corrupt(t, c, frame(lateAvro, encodedTrade(t, trade())), swap("price", "quantity"))
	require.NoError(t, err)
	require.True(t, changed)
}
