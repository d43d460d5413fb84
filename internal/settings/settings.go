// Package settings says where things are: the state folder, Kafka, NATS, the
// lake and the platform under test. It connects to nothing.
package settings

import (
	"cmp"
	"os"
	"path/filepath"
	"time"

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
	// NoAgent leaves the targets to agents that run by themselves.
	NoAgent bool   `yaml:"no_agent" env:"NO_AGENT"`
	Notify  Notify `yaml:"notify" envPrefix:"NOTIFY_"`
	HTTP    HTTP   `yaml:"http" envPrefix:"HTTP_"`
	Upkeep  Upkeep `yaml:"upkeep" envPrefix:"UPKEEP_"`
}

// Upkeep is how the tables of Faultline itself are kept: see
// internal/lake.Upkeep for what each does and its default.
type Upkeep struct {
	// Every is how often the pipeline does it; zero is DefaultUpkeepEvery, below
	// zero is never.
	Every         time.Duration `yaml:"every" env:"EVERY"`
	TargetBytes   int64         `yaml:"target_bytes" env:"TARGET_BYTES"`
	MinFiles      int           `yaml:"min_files" env:"MIN_FILES"`
	KeepSnapshots int           `yaml:"keep_snapshots" env:"KEEP_SNAPSHOTS"`
	SnapshotAge   time.Duration `yaml:"snapshots_older_than" env:"SNAPSHOTS_OLDER_THAN"`
	OrphanAge     time.Duration `yaml:"orphans_older_than" env:"ORPHANS_OLDER_THAN"`
}

// DefaultUpkeepEvery is how often tables are kept where nothing else is said.
const DefaultUpkeepEvery = time.Hour

// Notify says who is told of experiments, and of what. The zero value tells
// nobody.
type Notify struct {
	// URLs each name a service and how to get in; see docs/NOTIFY.md. In the
	// environment they are separated by spaces: a URL may hold a comma.
	URLs []Secret `yaml:"urls" env:"URLS" envSeparator:" "`
	// On is of what: start, rollback, halt, stuck, end; empty is all.
	On []string `yaml:"on" env:"ON"`
	// RetryFor is how long a message is tried again; zero is 5m.
	RetryFor time.Duration `yaml:"retry_for" env:"RETRY_FOR"`
}

// HTTP is where the daemon answers /health and /metrics. An empty address is
// a free port of the loopback interface.
type HTTP struct {
	Addr string `yaml:"addr" env:"ADDR"`
}

// Lake is the Iceberg catalog and its warehouse; see internal/lake for what
// each kind needs. An empty Kind is the SQL catalog below the state folder. The
// warehouse "store" is the sandbox's own S3 store.
type Lake struct {
	Kind       string            `yaml:"kind" env:"KIND"`
	Name       string            `yaml:"name" env:"NAME"`
	URI        string            `yaml:"uri" env:"URI"`
	Warehouse  string            `yaml:"warehouse" env:"WAREHOUSE"`
	Properties map[string]string `yaml:"properties" env:"PROPERTIES"`
}

// DefaultHome is the state folder where nothing names another.
const DefaultHome = ".faultline"

// WarehouseNote is where a sandbox says which warehouse its tables are in, to
// pipelines that are given no lake.
func WarehouseNote(home string) string { return filepath.Join(home, "sandbox", "warehouse") }

// LakeOrDefault is the configured lake. What a SQL catalog lacks lies below the
// state folder, and a lake of no kind is a SQL catalog. Where nothing is
// configured, the warehouse is the one that a sandbox below the state folder
// names.
func (s Settings) LakeOrDefault() Lake {
	l := s.Lake
	if l.Kind == "" && l.URI == "" && l.Warehouse == "" {
		if told, err := os.ReadFile(WarehouseNote(s.Home)); err == nil {
			l.Warehouse = string(told)
		}
	}
	if l.Kind != "" && l.Kind != "sql" {
		return l
	}
	l.Kind, l.Name = "sql", cmp.Or(l.Name, "faultline")
	l.URI = cmp.Or(l.URI, filepath.Join(s.Home, "lake", "catalog.db"))
	l.Warehouse = cmp.Or(l.Warehouse, filepath.Join(s.Home, "lake", "warehouse"))
	return l
}

// PlatformOrDefault is the platform's file: as configured, or the sandbox's.
func (s Settings) PlatformOrDefault() string {
	if s.Platform != "" {
		return s.Platform
	}
	return filepath.Join(s.Home, "sandbox", "platform.yaml")
}
