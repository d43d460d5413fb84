package main

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/spec"
)

// givenFlags name servers that are there before the sandbox, which uses them
// in place of its own.
type givenFlags struct{ kafka, registry, lower, records string }

func (f *givenFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.kafka, "kafka", "", "brokers that are there, host:port with commas between, in place of the sandbox's own")
	flags.StringVar(&f.registry, "registry", "", "URL of a Confluent-compatible registry that is there, in place of the sandbox's own")
	flags.StringVar(&f.lower, "registry-lower", "", "whose compatibility level faults lower in that registry: subject, or global where a subject's cannot be NONE, as Apicurio's; default subject")
	flags.StringVar(&f.records, "records", "", "folder of the process records of the servers that are there: by their addresses they become targets")
}

func (f *givenFlags) check() error {
	switch {
	case f.lower != "" && f.lower != spec.LowerSubject && f.lower != spec.LowerGlobal:
		return fmt.Errorf("--registry-lower %q: write subject or global", f.lower)
	case f.lower != "" && f.registry == "":
		return errors.New("--registry-lower is for a registry that is there; name it with --registry")
	case f.registry == "":
		return nil
	}
	if u, err := url.Parse(f.registry); err != nil || u.Host == "" {
		return fmt.Errorf("--registry %q: write its URL, such as http://127.0.0.1:8081", f.registry)
	}
	return nil
}

// find describes the servers. One that no record names can be used and
// watched, and not broken.
func (f *givenFlags) find(l settings.Lake) (k2.Given, error) {
	var out k2.Given
	records, err := recordsIn(f.records)
	if err != nil {
		return out, err
	}
	if f.kafka != "" {
		for i, addr := range strings.Split(f.kafka, ",") {
			s := k2.Server{Name: spec.TargetName(fmt.Sprintf("kafka-%d", i+1)), Health: spec.Health{Kafka: addr}}
			if at, ok := records[addr]; ok {
				s.Name, s.Record = spec.TargetName(at.name), at.path
			}
			out.Brokers = append(out.Brokers, s)
		}
	}
	if f.registry != "" {
		out.Registry = records.http(f.registry, strings.TrimRight(f.registry, "/")+"/subjects")
		out.Lower = f.lower
	}
	if endpoint := l.Properties["s3.endpoint"]; endpoint != "" {
		out.Store = records.http(endpoint, "")
	}
	if l.Kind == "rest" {
		out.Catalog = records.http(l.URI, strings.TrimRight(l.URI, "/")+"/v1/config")
	}
	return out, nil
}

// recorded are process records by the address that they name.
type recorded map[string]struct{ name, path string }

func recordsIn(dir string) (recorded, error) {
	if dir == "" {
		return nil, nil //nolint:nilnil // none are asked for
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err == nil && len(files) == 0 {
		err = errors.New("there are none")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the process records in %s: %w", dir, err)
	}
	out := recorded{}
	for _, file := range files {
		path, err := filepath.Abs(file)
		if err != nil {
			return nil, fmt.Errorf("reading the process records in %s: %w", dir, err)
		}
		r, err := process.Read(path)
		if err != nil {
			return nil, err
		}
		out[r.Addr] = struct{ name, path string }{r.Name, path}
	}
	return out, nil
}

// http describes a server by its URL. health is one that answers 200 when it
// is well; without one, taking connections is enough.
func (r recorded) http(at, health string) *k2.Server {
	host := at
	if u, err := url.Parse(at); err == nil && u.Host != "" {
		host = u.Host
	}
	s := k2.Server{Record: r[host].path, URL: strings.TrimRight(at, "/"), Health: spec.Health{HTTP: health}}
	if health == "" {
		s.Health.TCP = host
	}
	return &s
}
