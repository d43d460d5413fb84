package main

import (
	"errors"
	"path/filepath"

	"github.com/k2-platform/faultline/internal/embedded"
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
		if up.kafka, err = embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(s.Home, "kafka")}); err != nil {
			return nil, err
		}
		s.Kafka.Brokers = []string{up.kafka.Addr()}
	}
	if s.NATS.URL == "" {
		if up.nats, err = embedded.StartNATS(embedded.NATSConfig{Dir: filepath.Join(s.Home, "nats")}); err != nil {
			return nil, errors.Join(err, up.Close())
		}
		s.NATS.URL = up.nats.URL()
	}
	return &up, nil
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
