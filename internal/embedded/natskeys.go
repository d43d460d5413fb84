package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/process"
)

// users reads the roles' keys, making those that are missing.
func users(dir, prefix string) ([]*server.NkeyUser, error) {
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of keys: %w", err)
	}
	var out []*server.NkeyUser
	for role, may := range permissions(prefix) {
		public, err := publicKey(halt.KeyFile(dir, role))
		if err != nil {
			return nil, err
		}
		out = append(out, &server.NkeyUser{Nkey: public, Permissions: may})
	}
	return out, nil
}

func publicKey(file string) (string, error) {
	seed, err := os.ReadFile(file) //nolint:gosec // below the state folder
	if errors.Is(err, os.ErrNotExist) {
		seed, err = makeKey(file)
	}
	if err != nil {
		return "", fmt.Errorf("reading the key %s: %w", file, err)
	}
	pair, err := nkeys.ParseDecoratedNKey(seed)
	if err != nil {
		return "", fmt.Errorf("reading the key %s: %w; remove it to have a new one made", file, err)
	}
	return pair.PublicKey()
}

func makeKey(file string) ([]byte, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	seed, err := pair.Seed()
	if err != nil {
		return nil, err
	}
	return seed, process.WriteFile(file, seed, 0o600)
}

// permissions say who may say what. An agent that was taken over can neither
// break another's target nor halt, resume, or renew a lease.
func permissions(p string) map[halt.Role]*server.Permissions {
	roster := []string{
		"$JS.API.INFO", "$JS.API.STREAM.INFO.KV_" + p + "_agents", "$JS.API.STREAM.CREATE.KV_" + p + "_agents",
		"$JS.API.STREAM.UPDATE.KV_" + p + "_agents", "$JS.API.DIRECT.GET.KV_" + p + "_agents.>", "$JS.API.CONSUMER.*.KV_" + p + "_agents",
		"$JS.API.CONSUMER.*.KV_" + p + "_agents.>", "$JS.FC.KV_" + p + "_agents.>",
	}
	may := func(publish, subscribe []string) *server.Permissions {
		return &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: append(publish, roster...)},
			Subscribe: &server.SubjectPermission{Allow: append(subscribe, "_INBOX.>")},
			Response:  &server.ResponsePermission{MaxMsgs: server.DEFAULT_ALLOW_RESPONSE_MAX_MSGS, Expires: server.DEFAULT_ALLOW_RESPONSE_EXPIRATION},
		}
	}
	return map[halt.Role]*server.Permissions{
		halt.RoleController: {Publish: &server.SubjectPermission{Allow: []string{">"}}, Subscribe: &server.SubjectPermission{Allow: []string{">"}}},
		halt.RoleAgent: may([]string{p + ".hello", p + ".outbox.>", p + ".agent.*.who", "$KV." + p + "_agents.>"},
			[]string{p + ".agent.>", p + ".lease", p + ".halt", p + ".resume", p + ".hello"}),
		halt.RoleOperator: may([]string{p + ".halt", p + ".resume"}, []string{p + ".hello"}),
	}
}
