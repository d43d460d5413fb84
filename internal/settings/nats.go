package settings

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/k2-platform/faultline/halt"
)

// NATS is the server that carries halts and leases. An empty URL starts an
// embedded one.
type NATS struct {
	URL    string `yaml:"url" env:"URL"`
	Prefix string `yaml:"prefix" env:"PREFIX"` // of subjects; default halt.DefaultPrefix
	// NKey is the file of an nkey seed, Credentials that of a JWT with its
	// seed. Both empty: the key that an embedded server made for the role, if
	// there is one.
	NKey        string `yaml:"nkey" env:"NKEY"`
	Credentials string `yaml:"credentials" env:"CREDENTIALS"`
	// Lease is how long a controller may be silent before its faults are
	// undone; zero is DefaultLease.
	Lease time.Duration `yaml:"lease" env:"LEASE"`
}

// DefaultLease is the lease where nothing names another.
const DefaultLease = 5 * time.Second

// NATSDir is where an embedded NATS server keeps its streams and keys.
func (s Settings) NATSDir() string { return filepath.Join(s.Home, "nats") }

// LeaseOrDefault is the configured lease, or DefaultLease.
func (s Settings) LeaseOrDefault() time.Duration { return cmp.Or(s.NATS.Lease, DefaultLease) }

// NATSAs is how to connect in a role: by the configured key, else by the one
// that an embedded server made for the role below the state folder, else with
// none. name is for whoever looks at the server.
func (s Settings) NATSAs(role halt.Role, name string, log *slog.Logger) halt.Config {
	c := halt.Config{
		URL: s.NATS.URL, Prefix: cmp.Or(s.NATS.Prefix, halt.DefaultPrefix), Name: name,
		NKey: s.NATS.NKey, Credentials: s.NATS.Credentials, Log: log,
	}
	if c.NKey != "" || c.Credentials != "" {
		return c
	}
	// A key that is there and cannot be read is named, so that connecting says so.
	if key := halt.KeyFile(s.NATSDir(), role); !missing(key) {
		c.NKey = key
	}
	return c
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

// FindNATS is Find for those who need no Kafka.
func (s Settings) FindNATS() (Settings, error) {
	if s.NATS.URL != "" {
		return s, nil
	}
	found, err := s.Find()
	if found.NATS.URL != "" {
		return found, nil
	}
	if err != nil && !errors.Is(err, ErrNotRunning) {
		return s, err
	}
	return s, fmt.Errorf("looking for NATS in %s: %w; start one with faultline up, or name one: nats: {url: …} in %s, or $%sNATS_URL", s.Home, ErrNotRunning, DefaultFile, EnvPrefix)
}
