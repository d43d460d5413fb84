package chaostest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/spec"
)

// also is what people call a thing, and what K2's description calls it.
func also(name string) string {
	return map[string]string{"storage": "store", "minio": "store", "api": "query", "broker": "kafka", "registry": "schema-registry"}[name]
}

// target is what a service's name means: a target of that name, or of it
// without -service.
func (c Config) target(p spec.Platform, service string) (spec.TargetName, error) {
	if name, ok := c.Names[service]; ok {
		service = string(name)
	}
	plain := service
	for _, suffix := range []string{"-service", "_service", "-cluster", "_cluster"} {
		plain = strings.TrimSuffix(plain, suffix)
	}
	for _, name := range []string{service, plain, strings.ReplaceAll(plain, "_", "-"), also(plain)} {
		if _, ok := p.Targets[spec.TargetName(name)]; ok {
			return spec.TargetName(name), nil
		}
	}
	return "", fmt.Errorf("finding target %s: %w: the platform %s has %v; say what is meant with Config.Names",
		service, ErrRefused, p.Name, slices.Sorted(maps.Keys(p.Targets)))
}

// between is the way between two services: what Links say, or a link from the
// one to the other, or back.
func (c Config) between(p spec.Platform, source, target string) (spec.TargetName, error) {
	if name, ok := c.Links[[2]string{source, target}]; ok {
		return c.target(p, string(name))
	}
	from, to := c.end(p, source), c.end(p, target)
	for _, name := range slices.Sorted(maps.Keys(p.Targets)) {
		if l := p.Targets[name].Link; l != nil && (l.From == from && l.To == to || l.From == to && l.To == from) {
			return name, nil
		}
	}
	return "", fmt.Errorf("finding the way between %s and %s: %w: the platform %s has no link from one to the other; say what is meant with Config.Links",
		source, target, ErrRefused, p.Name)
}

func (c Config) end(p spec.Platform, service string) spec.TargetName {
	if name, err := c.target(p, service); err == nil {
		return name
	}
	return spec.TargetName(service)
}

// members are the targets of a group; of any other the target itself.
func members(p spec.Platform, name spec.TargetName) []spec.TargetName {
	t := p.Targets[name]
	if len(t.Members) == 0 {
		return []spec.TargetName{name}
	}
	var out []spec.TargetName
	for _, m := range t.Members {
		out = append(out, members(p, m)...)
	}
	return out
}

// only is the one target of a kind.
func only(p spec.Platform, kind spec.TargetKind) (spec.TargetName, error) {
	var found []spec.TargetName
	for _, name := range slices.Sorted(maps.Keys(p.Targets)) {
		if p.Targets[name].Kind() == kind {
			found = append(found, name)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("finding the target of kind %s: %w: the platform %s has %v; name one with Config.Names", kind, ErrRefused, p.Name, found)
	}
	return found[0], nil
}
