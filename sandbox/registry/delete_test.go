package registry

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsDeletedIsListedNoMore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schemas.json")
	b, err := openBook(path)
	require.NoError(t, err)
	ask := func(method, url, body string) string {
		t.Helper()
		mux := http.NewServeMux()
		b.routes(mux)
		out := httptest.NewRecorder()
		mux.ServeHTTP(out, httptest.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body)))
		return strings.TrimSpace(out.Body.String())
	}
	post := func(fields string) string {
		text, err := json.Marshal(map[string]string{"schema": record(fields)})
		require.NoError(t, err)
		return ask("POST", "/subjects/s/versions", string(text))
	}
	one, two := `{"name":"a","type":"int"}`, `{"name":"b","type":"int","default":1}`
	assert.Equal(t, `{"id":1}`, post(one))
	assert.Equal(t, `{"id":2}`, post(one+","+two))
	assert.Equal(t, "2", ask("DELETE", "/subjects/s/versions/2", ""))
	assert.Equal(t, "[1]", ask("GET", "/subjects/s/versions", ""))
	assert.Contains(t, ask("GET", "/subjects/s/versions/latest", ""), `"version":1`)
	assert.Contains(t, ask("GET", "/subjects/s/versions/2", ""), "40402")
	assert.Contains(t, ask("GET", "/schemas/ids/2", ""), "schema", "records with this id can still be read")
	assert.Equal(t, "[]", ask("GET", "/schemas/ids/2/versions", ""))
	assert.Contains(t, ask("DELETE", "/subjects/s/versions/1?permanent=true", ""), "for ever")
	again, err := json.Marshal(map[string]string{"schema": record(one + "," + two)})
	require.NoError(t, err)
	assert.Contains(t, ask("POST", "/subjects/s", string(again)), "40403")
	assert.Contains(t, ask("POST", "/subjects/s?deleted=true", string(again)), `"id":2`, "who asks for deleted ones sees them")
	assert.Contains(t, ask("POST", "/subjects/none?deleted=true", string(again)), "40401")

	b, err = openBook(path) // as after a restart
	require.NoError(t, err)
	assert.Equal(t, `{"id":2}`, post(one+","+two), "the same schema has its id again")
	assert.Equal(t, "[1,3]", ask("GET", "/subjects/s/versions", ""), "and a version of its own")

	assert.Equal(t, "1", ask("DELETE", "/subjects/s/versions/1", ""))
	assert.Equal(t, "3", ask("DELETE", "/subjects/s/versions/3", ""))
	assert.Equal(t, "[]", ask("GET", "/subjects", ""))
	assert.Contains(t, ask("GET", "/subjects/s/versions", ""), "40401")
	assert.Equal(t, `{"id":3}`, post(`{"name":"x","type":"string"}`), "nothing is left to be compatible with")
}

func TestASubjectFollowsTheGlobalLevelAgain(t *testing.T) {
	b, err := openBook(filepath.Join(t.TempDir(), "schemas.json"))
	require.NoError(t, err)
	mux := http.NewServeMux()
	b.routes(mux)
	ask := func(method, body string) string {
		out := httptest.NewRecorder()
		mux.ServeHTTP(out, httptest.NewRequestWithContext(t.Context(), method, "/config/s", strings.NewReader(body)))
		return out.Body.String()
	}
	assert.Contains(t, ask("DELETE", ""), "40408")
	ask("PUT", `{"compatibility":"NONE"}`)
	assert.Contains(t, ask("DELETE", ""), "NONE")
	assert.Contains(t, ask("GET", ""), "40408")
}
