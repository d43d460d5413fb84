package settings_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/internal/settings"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "faultline.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestFlagBeatsEnvironmentBeatsFile(t *testing.T) {
	file := write(t, "home: /from/file\nkafka: {brokers: [a:1], prefix: mine}\nlake: {kind: rest, uri: http://c}\n")
	t.Setenv("FAULTLINE_HOME", "") // as good as unset: whoever runs the tests may have one
	t.Setenv("FAULTLINE_KAFKA_BROKERS", "b:2,c:3")
	t.Setenv("FAULTLINE_KAFKA_SASL_MECHANISM", "PLAIN")
	t.Setenv("FAULTLINE_LAKE_PROPERTIES", "s3.region:us-east-1")
	s, err := settings.Load(file, "")
	require.NoError(t, err)
	assert.Equal(t, []string{"b:2", "c:3"}, s.Kafka.Brokers)
	assert.Equal(t, "mine", s.Kafka.Prefix)
	assert.Equal(t, "PLAIN", s.Kafka.SASL.Mechanism)
	assert.Equal(t, "rest", s.LakeOrDefault().Kind)
	assert.Equal(t, map[string]string{"s3.region": "us-east-1"}, s.Lake.Properties)
	assert.Equal(t, "/from/file", s.Home)
	s, err = settings.Load(file, "/from/flag")
	require.NoError(t, err)
	assert.Equal(t, "/from/flag", s.Home)
}

func TestALakeOfNoKindKeepsWhatIsSaidOfIt(t *testing.T) {
	s := settings.Settings{Home: "/h", Lake: settings.Lake{Warehouse: "s3://lake/w", Properties: map[string]string{"s3.region": "r"}}}
	assert.Equal(t, settings.Lake{
		Kind: "sql", Name: "faultline", URI: "/h/lake/catalog.db", Warehouse: "s3://lake/w", Properties: map[string]string{"s3.region": "r"},
	}, s.LakeOrDefault())
	assert.Equal(t, "/h/lake/warehouse", settings.Settings{Home: "/h"}.LakeOrDefault().Warehouse)
	rest := settings.Lake{Kind: "rest", URI: "http://c"}
	assert.Equal(t, rest, settings.Settings{Home: "/h", Lake: rest}.LakeOrDefault(), "a REST catalog has a warehouse of its own")
}

func TestTypoIsRefused(t *testing.T) {
	_, err := settings.Load(write(t, "kafka: {broker: [a:1]}\n"), "")
	require.ErrorContains(t, err, "line 1: field broker not found")
	_, err = settings.Load(filepath.Join(t.TempDir(), "missing.yaml"), "")
	require.ErrorIs(t, err, os.ErrNotExist, "a file that was named must be there")
}

func TestFindsWhatWasAnnounced(t *testing.T) {
	s, err := settings.Load("", t.TempDir())
	require.NoError(t, err)
	_, err = s.Find()
	require.ErrorIs(t, err, settings.ErrNotRunning)
	up := s
	up.Kafka.Brokers, up.NATS.URL = []string{"127.0.0.1:9"}, "nats://127.0.0.1:8"
	require.NoError(t, up.Announce())
	found, err := s.Find()
	require.NoError(t, err)
	assert.Equal(t, up.Kafka.Brokers, found.Kafka.Brokers)
	assert.Equal(t, up.NATS.URL, found.NATS.URL)
	require.NoError(t, up.Withdraw())
	require.NoError(t, up.Withdraw())
	_, err = s.Find()
	require.ErrorIs(t, err, settings.ErrNotRunning)
}

func TestALakeOfNothingIsTheSandboxs(t *testing.T) {
	s := settings.Settings{Home: t.TempDir()}
	note := settings.WarehouseNote(s.Home)
	require.NoError(t, os.MkdirAll(filepath.Dir(note), 0o750))
	require.NoError(t, os.WriteFile(note, []byte("store"), 0o600))
	assert.Equal(t, "store", s.LakeOrDefault().Warehouse)
	assert.Equal(t, "sql", s.LakeOrDefault().Kind)
	s.Lake.Warehouse = "/w"
	assert.Equal(t, "/w", s.LakeOrDefault().Warehouse, "what is configured counts")
}
