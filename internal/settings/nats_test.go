package settings_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/settings"
)

func TestNATSIsReadFromFileAndEnvironment(t *testing.T) {
	file := write(t, "nats: {url: 'nats://n:4222', prefix: mine, nkey: /k, lease: 2s}\n")
	s, err := settings.Load(file, t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, settings.NATS{URL: "nats://n:4222", Prefix: "mine", NKey: "/k", Lease: 2 * time.Second}, s.NATS)
	assert.Equal(t, 2*time.Second, s.LeaseOrDefault())
	t.Setenv("FAULTLINE_NATS_PREFIX", "theirs")
	t.Setenv("FAULTLINE_NATS_NKEY", "/other")
	t.Setenv("FAULTLINE_NATS_CREDENTIALS", "/c")
	t.Setenv("FAULTLINE_NATS_LEASE", "7s")
	s, err = settings.Load(file, t.TempDir())
	require.NoError(t, err)
	assert.Equal(t, settings.NATS{URL: "nats://n:4222", Prefix: "theirs", NKey: "/other", Credentials: "/c", Lease: 7 * time.Second}, s.NATS)
	assert.Equal(t, settings.DefaultLease, settings.Settings{}.LeaseOrDefault())
}

func TestARoleTakesItsOwnKeyOfAnEmbeddedServer(t *testing.T) {
	s := settings.Settings{Home: t.TempDir(), NATS: settings.NATS{URL: "nats://n:4222"}}
	assert.Equal(t, halt.Config{URL: "nats://n:4222", Prefix: halt.DefaultPrefix, Name: "me"}, s.NATSAs(halt.RoleAgent, "me", nil), "a server without keys lets anybody in")
	key := halt.KeyFile(s.NATSDir(), halt.RoleAgent)
	require.NoError(t, os.MkdirAll(filepath.Dir(key), 0o700))
	require.NoError(t, os.WriteFile(key, []byte("seed"), 0o600))
	assert.Equal(t, key, s.NATSAs(halt.RoleAgent, "me", nil).NKey)
	assert.Empty(t, s.NATSAs(halt.RoleOperator, "me", nil).NKey, "another role's key is not taken")
	s.NATS.Credentials = "/c"
	c := s.NATSAs(halt.RoleAgent, "me", nil)
	assert.Equal(t, "/c", c.Credentials)
	assert.Empty(t, c.NKey, "what is configured beats what is found")
}

func TestNATSIsFoundWithoutKafka(t *testing.T) {
	s, err := settings.Load("", t.TempDir())
	require.NoError(t, err)
	_, err = s.FindNATS()
	require.ErrorIs(t, err, settings.ErrNotRunning)
	require.ErrorContains(t, err, "FAULTLINE_NATS_URL")
	up := s
	up.Kafka.Brokers, up.NATS.URL = []string{"127.0.0.1:9"}, "nats://127.0.0.1:8"
	require.NoError(t, up.Announce())
	found, err := s.FindNATS()
	require.NoError(t, err)
	assert.Equal(t, up.NATS.URL, found.NATS.URL)
	s.NATS.URL = "nats://mine:1"
	found, err = s.FindNATS()
	require.NoError(t, err)
	assert.Equal(t, "nats://mine:1", found.NATS.URL, "what is configured beats what is announced")
}
