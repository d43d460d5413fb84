package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// server is the TLS that clients of the Kafka proxy speak; nil: none.
func (f proxyFlags) server() (*tls.Config, error) {
	if f.cert == "" && f.key == "" && f.ca == "" {
		return nil, nil //nolint:nilnil // no TLS is an answer
	}
	if f.cert == "" || f.key == "" {
		return nil, errors.New("TLS of the proxy needs both --tls-cert and --tls-key")
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of the proxy: %w; name PEM files with --tls-cert and --tls-key", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		if c.ClientCAs, err = authorities(f.ca); err != nil {
			return nil, err
		}
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c, nil
}

// client is the TLS that the Kafka proxy speaks to brokers; nil: none.
func (f proxyFlags) client() (*tls.Config, error) {
	if !f.upstreamTLS {
		if f.upCert != "" || f.upKey != "" || f.upCA != "" || f.name != "" {
			return nil, errors.New("TLS to the brokers is described and not asked for: add --upstream-tls")
		}
		return nil, nil //nolint:nilnil // no TLS is an answer
	}
	c := &tls.Config{ServerName: f.name, MinVersion: tls.VersionTLS12}
	var err error
	if f.upCA != "" {
		if c.RootCAs, err = authorities(f.upCA); err != nil {
			return nil, err
		}
	}
	if f.upCert == "" && f.upKey == "" {
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(f.upCert, f.upKey)
	if err != nil {
		return nil, fmt.Errorf("reading the client certificate for the brokers: %w; name PEM files with both --upstream-cert and --upstream-key", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("reading a CA: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading a CA: %s holds no certificate in PEM", file)
	}
	return pool, nil
}
