package relay_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/oauth"

	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// bearers has brokers ask for tokens, which kfake does not know, and take one.
func bearers(k *kfake.Cluster, token string) (taken *atomic.Int32) {
	taken = new(atomic.Int32)
	k.ControlKey(int16(kmsg.SASLHandshake), func(q kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		r := q.ResponseKind().(*kmsg.SASLHandshakeResponse)
		r.SupportedMechanisms = []string{"OAUTHBEARER"}
		return r, nil, true
	})
	k.ControlKey(int16(kmsg.SASLAuthenticate), func(q kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		r := q.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		// Source: RFC 7628, section 3.1
		if strings.Contains(string(q.(*kmsg.SASLAuthenticateRequest).SASLAuthBytes), "\x01auth=Bearer "+token+"\x01") {
			taken.Add(1)
		} else {
			r.ErrorCode, r.ErrorMessage = kerr.SaslAuthenticationFailed.Code, new("invalid_token")
		}
		return r, nil, true
	})
	return taken
}

func TestBearerTokensPassThrough(t *testing.T) {
	k := cluster(t)
	taken := bearers(k, "good")
	p := start(t, relay.Config{Brokers: k.ListenAddrs()})
	roundTrip(t, p.Addr(), kgo.SASL(oauth.Auth{Token: "good"}.AsMechanism()))
	assert.GreaterOrEqual(t, taken.Load(), int32(3), "each broker was shown it")

	c := client(t, p.Addr(), kgo.SASL(oauth.Auth{Token: "stale"}.AsMechanism()))
	require.ErrorIs(t, c.Ping(within(t)), kerr.SaslAuthenticationFailed)
}
