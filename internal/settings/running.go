package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/k2-platform/faultline/internal/process"
)

// ErrNotRunning says that nothing tells where Kafka is: no pipeline runs on
// this state folder, and none is configured.
var ErrNotRunning = errors.New("no pipeline runs here")

// runningFile is what a pipeline tells its clients: the addresses that it
// chose itself. Passwords are not in it.
const runningFile = "up.yaml"

type running struct {
	PID     int      `yaml:"pid"`
	Brokers []string `yaml:"brokers"`
	NATS    string   `yaml:"nats"`
	HTTP    string   `yaml:"http,omitempty"`
}

// Announce writes where a pipeline's Kafka, NATS and HTTP are, for Find.
func (s Settings) Announce() error {
	text, err := yaml.Marshal(running{PID: os.Getpid(), Brokers: s.Kafka.Brokers, NATS: s.NATS.URL, HTTP: s.HTTP.Addr})
	if err != nil {
		return fmt.Errorf("announcing the pipeline: %w", err)
	}
	return process.WriteFile(filepath.Join(s.Home, runningFile), text, 0o600)
}

// Withdraw removes what Announce wrote.
func (s Settings) Withdraw() error {
	if err := os.Remove(filepath.Join(s.Home, runningFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("withdrawing the pipeline's addresses: %w", err)
	}
	return nil
}

// Find fills in the addresses of the pipeline that runs on the state folder,
// where they are not configured. ErrNotRunning if there is none; an announced
// one may have died since.
func (s Settings) Find() (Settings, error) {
	text, err := os.ReadFile(filepath.Join(s.Home, runningFile))
	if errors.Is(err, os.ErrNotExist) {
		if len(s.Kafka.Brokers) > 0 {
			return s, nil
		}
		return s, fmt.Errorf("looking in %s: %w; start one with faultline up, or name its Kafka in %s", s.Home, ErrNotRunning, DefaultFile)
	}
	if err != nil {
		return s, fmt.Errorf("looking for the pipeline: %w", err)
	}
	var r running
	if err := yaml.Unmarshal(text, &r); err != nil {
		return s, fmt.Errorf("looking for the pipeline: reading %s: %w", runningFile, err)
	}
	if len(s.Kafka.Brokers) == 0 {
		s.Kafka.Brokers = r.Brokers
	}
	if s.NATS.URL == "" {
		s.NATS.URL = r.NATS
	}
	if r.HTTP != "" {
		s.HTTP.Addr = r.HTTP // the port that was asked for may have been 0
	}
	return s, nil
}
