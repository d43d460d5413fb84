package relay_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// certificate is one for 127.0.0.1 that signs itself, and a pool that holds it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestTLSEndsAtTheProxyAndBeginsAnew(t *testing.T) {
	brokers, brokerCA := certificate(t)
	proxy, proxyCA := certificate(t)
	own, ownCA := certificate(t)
	k := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{brokers}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ownCA}))
	p := start(t, relay.Config{
		Brokers:  k.ListenAddrs(),
		TLS:      &tls.Config{Certificates: []tls.Certificate{proxy}},
		Upstream: &tls.Config{RootCAs: brokerCA, Certificates: []tls.Certificate{own}},
	})
	roundTrip(t, p.Addr(), kgo.DialTLSConfig(&tls.Config{RootCAs: proxyCA}))
}

func TestAClientWithoutTLSIsRefused(t *testing.T) {
	proxy, _ := certificate(t)
	l := new(logged)
	p := start(t, relay.Config{Brokers: []string{scripted(t, same())}, TLS: &tls.Config{Certificates: []tls.Certificate{proxy}}, Log: l.log()})
	c := dial(t, p.Addr())
	_, err := c.Write(heartbeat(1))
	require.NoError(t, err)
	closes(t, c)
	l.has(t, "greeting a client by TLS")
}

func TestUntouchedTLSPassesARawListener(t *testing.T) {
	brokers, ca := certificate(t)
	k := cluster(t, kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{brokers}}))
	at := free(t)
	faults := &script{}
	start(t, relay.Config{Raw: map[string]string{k.ListenAddrs()[0]: at}, Faults: faults})
	// The broker tells its own address, so a client comes back by redirection;
	// its dialer stands for that.
	roundTrip(t, at, kgo.Dialer(func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&tls.Dialer{Config: &tls.Config{RootCAs: ca}}).DialContext(ctx, network, at)
	}))
}

func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer shut(l)
	return l.Addr().String()
}

func TestSASLPassesThrough(t *testing.T) {
	mechanisms := map[string]sasl.Mechanism{
		"PLAIN":         plain.Auth{User: "desk", Pass: "secret"}.AsMechanism(),
		"SCRAM-SHA-256": scram.Auth{User: "desk", Pass: "secret"}.AsSha256Mechanism(),
		"SCRAM-SHA-512": scram.Auth{User: "desk", Pass: "secret"}.AsSha512Mechanism(),
	}
	for name, m := range mechanisms {
		t.Run(name, func(t *testing.T) {
			k := cluster(t, kfake.EnableSASL(), kfake.Superuser(name, "desk", "secret"))
			p := start(t, relay.Config{Brokers: k.ListenAddrs()})
			roundTrip(t, p.Addr(), kgo.SASL(m))
		})
	}
}

// TestTokensWithoutHeadersPass is SASL as it was before version 1 of its
// handshake: what follows the handshake is no Kafka.
func TestTokensWithoutHeadersPass(t *testing.T) {
	tokens := [][]byte{[]byte("\x00Ask\x00s"), []byte("n,,n=desk,r=fyko"), {}, []byte("`\x82\x02\x00krb5"), {5, 4, 0, 0}}
	for _, answersLast := range []bool{true, false} {
		broker := scripted(t, func(c net.Conn) {
			f, err := readFrame(c)
			if err != nil {
				return
			}
			h, _, _ := frame.ReadHeader(f[4:], "")
			_, _ = c.Write(framed(h.Correlation, make([]byte, 6)))
			for i := range tokens {
				if f, err = readFrame(c); err != nil {
					return
				}
				if i < len(tokens)-1 || answersLast {
					_, _ = c.Write(f)
				}
			}
			same()(c)
		})
		address, _ := before(t, broker, nil)
		c := dial(t, address)
		exchange(t, c, request(kmsg.NewPtrSASLHandshakeRequest(), 0, 1))
		for i, token := range tokens {
			raw := append([]byte{0, 0, 0, byte(len(token))}, token...)
			if i < len(tokens)-1 || answersLast {
				require.Equal(t, raw, exchange(t, c, raw))
			} else {
				_, err := c.Write(raw)
				require.NoError(t, err)
			}
		}
		exchange(t, c, heartbeat(2))
		_, err := c.Write([]byte{0, 0, 0, 3, 'n', ',', ','})
		require.NoError(t, err)
		closes(t, c) // tokens are over
	}
}
