package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/k2-platform/faultline/halt"
	"github.com/k2-platform/faultline/internal/embedded"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/settings"
)

// servers are the embedded stand-ins for what the settings do not name.
type servers struct {
	kafka *embedded.Kafka
	nats  *embedded.NATS
}

// startServers starts what is missing and fills in its addresses.
func startServers(s *settings.Settings) (*servers, error) {
	var up servers
	var err error
	if len(s.Kafka.Brokers) == 0 {
		err = again(filepath.Join(s.Home, "kafka.addr"), func(addr string) (string, error) {
			up.kafka, err = embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(s.Home, "kafka"), Addr: addr})
			if err != nil {
				return "", err
			}
			return up.kafka.Addr(), nil
		})
		if err != nil {
			return nil, err
		}
		s.Kafka.Brokers = []string{up.kafka.Addr()}
	}
	if s.NATS.URL == "" {
		err = again(filepath.Join(s.Home, "nats.addr"), func(addr string) (string, error) {
			up.nats, err = embedded.StartNATS(embedded.NATSConfig{Dir: s.NATSDir(), Addr: addr, Prefix: cmp.Or(s.NATS.Prefix, halt.DefaultPrefix)})
			if err != nil {
				return "", err
			}
			return strings.TrimPrefix(up.nats.URL(), "nats://"), nil
		})
		if err != nil {
			return nil, errors.Join(err, up.Close())
		}
		s.NATS.URL = up.nats.URL()
	}
	return &up, nil
}

// again starts a server where its last life listened, so that clients find it
// after a restart; anywhere else when that place is taken.
func again(file string, start func(addr string) (string, error)) error {
	last, err := os.ReadFile(file) //nolint:gosec // below the state folder
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("reading where a server listened: %w", err)
	}
	addr, err := start(strings.TrimSpace(string(last)))
	if err != nil && len(last) > 0 {
		addr, err = start("")
	}
	if err != nil {
		return err
	}
	return process.WriteFile(file, []byte(addr+"\n"), 0o600)
}

// Close stops them, Kafka last.
func (s *servers) Close() error {
	var problems []error
	if s.nats != nil {
		problems = append(problems, s.nats.Close())
	}
	if s.kafka != nil {
		problems = append(problems, s.kafka.Close())
	}
	return errors.Join(problems...)
}
