package confluent_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k2-platform/faultline/internal/confluent"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheNewestOfASubject(t *testing.T) {
	down := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case down:
			w.WriteHeader(http.StatusInternalServerError)
		case r.URL.Path == "/subjects/trades-value/versions/latest":
			_, _ = w.Write([]byte(`{"subject":"trades-value","version":4,"id":9,"schema":"{\"type\":\"record\",\"name\":\"T\",\"fields\":[{\"name\":\"m\",\"type\":\"Money\"}]}",
				"references":[{"name":"Money","subject":"money","version":2}]}`))
		case r.URL.Path == "/subjects/money/versions/2":
			_, _ = w.Write([]byte(`{"subject":"money","version":2,"id":5,"schema":"{\"type\":\"record\",\"name\":\"Money\",\"fields\":[]}"}`))
		case r.URL.Path == "/subjects/trades-value/versions":
			_, _ = w.Write([]byte(`[4,2]`))
		case r.URL.Path == "/subjects/trades-value/versions/4":
			_, _ = w.Write([]byte(`{"subject":"trades-value","version":4,"id":7,"schema":"\"string\""}`))
		case r.URL.Path == "/subjects/trades-value/versions/2":
			_, _ = w.Write([]byte(`{"subject":"trades-value","version":2,"id":9,"schema":"\"int\""}`))
		case r.URL.Path == "/subjects":
			_, _ = w.Write([]byte(`["money","trades-value"]`))
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"error_code":40401,"message":"Subject not found."}`))
		}
	}))
	t.Cleanup(server.Close)
	r := confluent.NewRegistries(server.Client())
	s, err := r.Latest(t.Context(), "trades-value", server.URL)
	require.NoError(t, err)
	require.NoError(t, s.Broken)
	require.Equal(t, 9, s.ID)
	require.Equal(t, "Money", s.Avro.Fields[0].Of.Name)
	_, err = r.Latest(t.Context(), "nobody", server.URL)
	require.ErrorIs(t, err, confluent.ErrNoSchema)
	names, err := r.Subjects(t.Context(), server.URL)
	require.NoError(t, err)
	require.Equal(t, []string{"money", "trades-value"}, names)
	ids, err := r.At(server.URL).Versions(t.Context(), "trades-value")
	require.NoError(t, err)
	require.Equal(t, []int32{9, 7}, ids, "by version, and not by id")
	_, err = r.Versions(t.Context(), "nobody", server.URL)
	require.ErrorIs(t, err, confluent.ErrNoSchema)
	down = true
	_, err = r.Versions(t.Context(), "trades-value", server.URL)
	require.ErrorIs(t, err, confluent.ErrAway)
	_, err = r.Latest(t.Context(), "trades-value", server.URL)
	require.ErrorIs(t, err, confluent.ErrAway)
	_, err = r.Subjects(t.Context(), server.URL)
	require.ErrorIs(t, err, confluent.ErrAway)
}
