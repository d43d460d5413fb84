package bus

import (
	"errors"
	"fmt"
	"net"
)

// Defaults of Config.
const (
	DefaultPrefix          = "chaos"
	DefaultPartitions      = 6
	DefaultMaxMessageBytes = 1 << 20
	// brokerDefault asks the broker for its own replication factor.
	brokerDefault = -1
	// minMessageBytes leaves room for a dead letter's own headers.
	minMessageBytes = 16 << 10
)

// Mechanisms of SASL that are supported.
const (
	SASLPlain       = "PLAIN"
	SASLScramSHA256 = "SCRAM-SHA-256"
	SASLScramSHA512 = "SCRAM-SHA-512"
)

// Config says which Kafka carries the chaos log, and how to get in. Brokers
// are needed; everything else has a default.
type Config struct {
	Brokers []string `yaml:"brokers" env:"BROKERS"`
	// Prefix of the topics' names; default "chaos".
	Prefix string `yaml:"prefix" env:"PREFIX"`
	// Partitions and Replication of topics that are created; default 6, and
	// the broker's own.
	Partitions  int32 `yaml:"partitions" env:"PARTITIONS"`
	Replication int16 `yaml:"replication" env:"REPLICATION"`
	TLS         TLS   `yaml:"tls" envPrefix:"TLS_"`
	SASL        SASL  `yaml:"sasl" envPrefix:"SASL_"`
	// MaxMessageBytes of one record with key and headers; default 1 MiB.
	MaxMessageBytes int `yaml:"max_message_bytes" env:"MAX_MESSAGE_BYTES"`
}

// TLS of the connection to the brokers. The zero value is plain text.
type TLS struct {
	Enabled    bool   `yaml:"enabled" env:"ENABLED"`
	CAFile     string `yaml:"ca_file" env:"CA_FILE"`
	CertFile   string `yaml:"cert_file" env:"CERT_FILE"`
	KeyFile    string `yaml:"key_file" env:"KEY_FILE"`
	ServerName string `yaml:"server_name" env:"SERVER_NAME"`
}

// SASL is who we say we are. The zero value says nothing.
type SASL struct {
	Mechanism string `yaml:"mechanism" env:"MECHANISM"`
	User      string `yaml:"user" env:"USER"`
	Password  string `yaml:"password" env:"PASSWORD"`
}

// Validate joins all that is wrong with a configuration.
func (c Config) Validate() error {
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		problem("brokers is empty: name at least one host:port")
	}
	for _, b := range c.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			problem("brokers: %q is not host:port: %w", b, err)
		}
	}
	if c.Partitions < 0 {
		problem("partitions is %d: write a positive number or leave it out", c.Partitions)
	}
	if c.Replication < brokerDefault {
		problem("replication is %d: write a positive number or leave it out", c.Replication)
	}
	if c.MaxMessageBytes != 0 && c.MaxMessageBytes < minMessageBytes {
		problem("max_message_bytes is %d: write at least %d", c.MaxMessageBytes, minMessageBytes)
	}
	return errors.Join(append(problems, c.TLS.validate(), c.SASL.validate())...)
}

func (t TLS) validate() error {
	var problems []error
	if (t.CertFile == "") != (t.KeyFile == "") {
		problems = append(problems, errors.New("tls: cert_file and key_file go together"))
	}
	if !t.Enabled && t != (TLS{}) {
		problems = append(problems, errors.New("tls: settings are given but enabled is false"))
	}
	return errors.Join(problems...)
}

func (s SASL) validate() error {
	switch s.Mechanism {
	case "":
		if s.User != "" || s.Password != "" {
			return fmt.Errorf("sasl: user or password without mechanism: write %s, %s or %s",
				SASLPlain, SASLScramSHA256, SASLScramSHA512)
		}
		return nil
	case SASLPlain, SASLScramSHA256, SASLScramSHA512:
		if s.User == "" || s.Password == "" {
			return fmt.Errorf("sasl: %s needs user and password", s.Mechanism)
		}
		return nil
	default:
		return fmt.Errorf("sasl: mechanism %q is unknown: write %s, %s or %s",
			s.Mechanism, SASLPlain, SASLScramSHA256, SASLScramSHA512)
	}
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	if c.Prefix == "" {
		c.Prefix = DefaultPrefix
	}
	if c.Partitions == 0 {
		c.Partitions = DefaultPartitions
	}
	if c.Replication == 0 {
		c.Replication = brokerDefault
	}
	if c.MaxMessageBytes == 0 {
		c.MaxMessageBytes = DefaultMaxMessageBytes
	}
	return c
}
