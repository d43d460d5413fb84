// Package settings says where things are: the state folder, Kafka, NATS, the
// lake and the platform under test. It connects to nothing.
package settings

import (
	"path/filepath"

	"github.com/k2-platform/faultline/internal/bus"
)

// Settings is what faultline.yaml may say. The zero value runs everything on
// embedded defaults below the state folder.
type Settings struct {
	Home  string     `yaml:"home" env:"HOME"`
	Kafka bus.Config `yaml:"kafka" envPrefix:"KAFKA_"`
	NATS  NATS       `yaml:"nats" envPrefix:"NATS_"`
	Lake  Lake       `yaml:"lake" envPrefix:"LAKE_"`
	// Platform is the file that describes what experiments may break.
	Platform string `yaml:"platform" env:"PLATFORM"`
	// Policy is the file that says what experiments may touch; empty is the
	// policy that is built in.
	Policy string `yaml:"policy" env:"POLICY"`
}

// NATS is the server that carries halts and leases. An empty URL starts an
// embedded one.
type NATS struct {
	URL string `yaml:"url" env:"URL"`
}

// Lake is the Iceberg catalog and its warehouse; see internal/lake for what
// each kind needs. An empty Kind is the SQL catalog below the state folder.
type Lake struct {
	Kind       string            `yaml:"kind" env:"KIND"`
	Name       string            `yaml:"name" env:"NAME"`
	URI        string            `yaml:"uri" env:"URI"`
	Warehouse  string            `yaml:"warehouse" env:"WAREHOUSE"`
	Properties map[string]string `yaml:"properties" env:"PROPERTIES"`
}

// DefaultHome is the state folder where nothing names another.
const DefaultHome = ".faultline"

// LakeOrDefault is the configured lake, or the one that serves without
// configuration.
func (s Settings) LakeOrDefault() Lake {
	if s.Lake.Kind != "" {
		return s.Lake
	}
	return Lake{
		Kind: "sql", Name: "faultline",
		URI: filepath.Join(s.Home, "lake", "catalog.db"), Warehouse: filepath.Join(s.Home, "lake", "warehouse"),
	}
}

// PlatformOrDefault is the platform's file: as configured, or the sandbox's.
func (s Settings) PlatformOrDefault() string {
	if s.Platform != "" {
		return s.Platform
	}
	return filepath.Join(s.Home, "sandbox", "platform.yaml")
}
