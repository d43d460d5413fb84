package chaostest

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/k2-platform/faultline/spec"
)

// StopKafkaBroker asks the broker's process to end, and keeps it away.
func (c *Chaos) StopKafkaBroker(broker string) *Fault {
	c.t.Helper()
	return c.Must("process.stop", broker, nil)
}

// StartKafkaBroker starts the broker again that StopKafkaBroker stopped, and
// waits until it answers.
func (c *Chaos) StartKafkaBroker(broker string) { c.t.Helper(); c.endOf("process.stop", broker) }

// CreateNetworkPartition cuts the link between two services, or each of a group
// of them; a duration of zero is until the end of the test.
func (c *Chaos) CreateNetworkPartition(source, target string, duration time.Duration) []*Fault {
	c.t.Helper()
	name, err := c.cfg.between(c.platform, source, target)
	if err != nil {
		c.t.Fatalf("chaos: %v", err)
		return nil
	}
	var out []*Fault
	for _, way := range members(c.platform, name) {
		out = append(out, c.Must("network.partition", string(way), nil, For(duration)))
	}
	return out
}

// CorruptIcebergMetadata damages the newest metadata of a table; "" is the
// platform's only one. with is as storage.corrupt has it; nil truncates.
func (c *Chaos) CorruptIcebergMetadata(table string, with map[string]string) *Fault {
	c.t.Helper()
	if with == nil {
		with = map[string]string{"what": "metadata", "how": "truncate"}
	}
	return c.Must("storage.corrupt", c.orOnly(table, spec.TableKind), with, slow(c.platform))
}

// ConsumeMemory fills the memory of a service's control group to a percentage of
// its limit.
func (c *Chaos) ConsumeMemory(service string, percentage float64) *Fault {
	c.t.Helper()
	return c.Must("memory.fill", service, map[string]string{"to": percent(percentage)})
}

// ReleaseMemory gives back what ConsumeMemory took.
func (c *Chaos) ReleaseMemory(service string) { c.t.Helper(); c.endOf("memory.fill", service) }

// SaturateCPU keeps a service's processors busy; zero is until the end of the
// test.
func (c *Chaos) SaturateCPU(service string, duration time.Duration) *Fault {
	c.t.Helper()
	return c.Must("cpu.saturate", service, nil, For(duration), slow(c.platform))
}

// DeploySchema registers a version of the platform's only subject: one that the
// compatibility level allows as it is, any other by lowering the level for it. A
// version that this context deployed before is taken back first.
func (c *Chaos) DeploySchema(schema, name string) *Fault {
	c.t.Helper()
	target := c.orOnly("", spec.RegistryKind)
	for _, kind := range []string{"schema.deploy", "schema.incompatible"} {
		if f := c.find(kind, spec.TargetName(target)); f != nil {
			c.rollback(f)
		}
	}
	fits, err := compatible(context.Background(), *c.platform.Targets[spec.TargetName(target)].Registry, schema)
	if err != nil {
		c.t.Fatalf("chaos: deploying %s: %v", name, err)
		return nil
	}
	kind := "schema.incompatible"
	if fits {
		kind = "schema.deploy"
	}
	return c.Must(kind, target, map[string]string{"schema": schema})
}

// EnableDataCorruption changes a share, from 0 to 1, of the records that pass
// the platform's Kafka proxy: of a pipeline kafka_to_… when they are fetched, of
// any other when they are produced.
func (c *Chaos) EnableDataCorruption(pipeline string, rate float64, corruption string) *Fault {
	c.t.Helper()
	direction := "produce"
	if strings.HasPrefix(pipeline, "kafka_to_") {
		direction = "fetch"
	}
	with := map[string]string{"type": corruption, "rate": percent(rate * 100), "direction": direction}
	for _, b := range c.platform.Books {
		with["topic"] = b.Topic
	}
	if len(c.platform.Books) > 1 {
		delete(with, "topic") // all of them
	}
	maps.Copy(with, c.cfg.Parameters[pipeline])
	return c.Must("kafka.corrupt", c.proxy(pipeline), with)
}

// DisableDataCorruption ends what EnableDataCorruption began.
func (c *Chaos) DisableDataCorruption(pipeline string) {
	c.t.Helper()
	c.endOf("kafka.corrupt", c.proxy(pipeline))
}

func (c *Chaos) proxy(pipeline string) string {
	return c.orOnly(string(c.cfg.Names[pipeline]), spec.ProxyKind)
}

func (c *Chaos) orOnly(name string, kind spec.TargetKind) string {
	c.t.Helper()
	if name != "" {
		return name
	}
	found, err := only(c.platform, kind)
	if err != nil {
		c.t.Fatalf("chaos: %v", err)
	}
	return string(found)
}

// endOf rolls back the newest fault of a kind on a target.
func (c *Chaos) endOf(kind, target string) {
	c.t.Helper()
	name, err := c.cfg.target(c.platform, target)
	if err != nil {
		c.t.Fatalf("chaos: %v", err)
		return
	}
	f := c.find(kind, name)
	if f == nil {
		c.t.Fatalf("chaos: ending %s of %s: this context did not inject it", kind, name)
		return
	}
	c.rollback(f)
}

func (c *Chaos) rollback(f *Fault) {
	c.t.Helper()
	if err := f.Rollback(context.Background()); err != nil {
		c.t.Fatalf("chaos: %v", err)
	}
}

func percent(p float64) string { return fmt.Sprintf("%s%%", strconv.FormatFloat(p, 'f', -1, 64)) }
