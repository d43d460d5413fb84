package bus

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	franzscram "github.com/twmb/franz-go/pkg/sasl/scram"
	"github.com/xdg-go/scram"
)

// clientTLS reads the files that a TLS section names; nil where TLS is off.
func clientTLS(t TLS) (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil //nolint:nilnil // nil is both clients' word for plain text
	}
	out := &tls.Config{
		MinVersion: tls.VersionTLS12,
		ServerName: t.ServerName,
	}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading tls.ca_file: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading tls.ca_file %s: no PEM certificate in it", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading tls.cert_file and tls.key_file: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

// secureSarama lets sarama in the way a Config says.
func secureSarama(out *sarama.Config, cfg Config) error {
	conf, err := clientTLS(cfg.TLS)
	if err != nil {
		return err
	}
	out.Net.TLS.Enable, out.Net.TLS.Config = conf != nil, conf
	if cfg.SASL.Mechanism == "" {
		return nil
	}
	auth := &out.Net.SASL
	auth.Enable, auth.Handshake, auth.Version = true, true, sarama.SASLHandshakeV1
	auth.User, auth.Password = cfg.SASL.User, cfg.SASL.Password
	auth.Mechanism = sarama.SASLMechanism(cfg.SASL.Mechanism)
	switch cfg.SASL.Mechanism {
	case SASLScramSHA256:
		auth.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{hash: scram.SHA256} }
	case SASLScramSHA512:
		auth.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{hash: scram.SHA512} }
	}
	return nil
}

// secureFranz lets franz-go in the way a Config says.
func secureFranz(cfg Config) ([]kgo.Opt, error) {
	conf, err := clientTLS(cfg.TLS)
	if err != nil {
		return nil, err
	}
	var out []kgo.Opt
	if conf != nil {
		out = append(out, kgo.DialTLSConfig(conf))
	}
	user, password := cfg.SASL.User, cfg.SASL.Password
	switch cfg.SASL.Mechanism {
	case SASLPlain:
		out = append(out, kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()))
	case SASLScramSHA256:
		out = append(out, kgo.SASL(franzscram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
	case SASLScramSHA512:
		out = append(out, kgo.SASL(franzscram.Auth{User: user, Pass: password}.AsSha512Mechanism()))
	}
	return out, nil
}

// scramClient is one SCRAM conversation in the shape sarama asks for.
type scramClient struct {
	hash scram.HashGeneratorFcn
	talk *scram.ClientConversation
}

func (s *scramClient) Begin(user, password, authz string) error {
	client, err := s.hash.NewClient(user, password, authz)
	if err != nil {
		return fmt.Errorf("preparing SCRAM for %s: %w", user, err)
	}
	s.talk = client.NewConversation()
	return nil
}

func (s *scramClient) Step(challenge string) (string, error) { return s.talk.Step(challenge) }

func (s *scramClient) Done() bool { return s.talk.Done() }
