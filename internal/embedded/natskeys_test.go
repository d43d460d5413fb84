package embedded_test

import (
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/embedded"
)

func TestRolesMaySayWhatTheyMay(t *testing.T) {
	dir := t.TempDir()
	n, err := embedded.StartNATS(embedded.NATSConfig{Dir: dir, Prefix: "faultline"})
	require.NoError(t, err)
	defer func() { require.NoError(t, n.Close()) }()
	_, err = nats.Connect(n.URL())
	require.ErrorIs(t, err, nats.ErrAuthorization, "nobody is let in without a key")
	for role, may := range map[halt.Role]map[string]bool{
		halt.RoleController: {"faultline.halt": true, "faultline.lease": true, "faultline.agent.a.inject": true},
		halt.RoleOperator:   {"faultline.halt": true, "faultline.resume": true, "faultline.lease": false, "faultline.agent.a.inject": false, "faultline.outbox.report": false},
		halt.RoleAgent:      {"faultline.hello": true, "faultline.outbox.report": true, "faultline.halt": false, "faultline.lease": false, "faultline.agent.b.inject": false, "faultline.resume": false},
	} {
		info, err := os.Stat(halt.KeyFile(dir, role))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "a key is its owner's alone")
		key, err := nats.NkeyOptionFromSeed(halt.KeyFile(dir, role))
		require.NoError(t, err)
		for subject, want := range may {
			c, err := nats.Connect(n.URL(), key)
			require.NoError(t, err)
			require.NoError(t, c.Publish(subject, nil))
			require.NoError(t, c.FlushTimeout(5*time.Second)) // a refusal comes before its answer
			got := c.LastError()
			if want {
				require.NoError(t, got, "%s may publish to %s", role, subject)
			} else {
				require.ErrorIs(t, got, nats.ErrPermissionViolation, "%s may not publish to %s", role, subject)
			}
			c.Close()
		}
	}
}
