// Package archtest holds the import rules of the project as a test.
package archtest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/k2-platform/faultline/"

type pkg struct {
	ImportPath string
	Imports    []string
}

// owners says which folders alone may import a library.
func owners() map[string][]string {
	return map[string][]string{
		"github.com/IBM/sarama":                    {"internal/bus"},
		"github.com/ThreeDotsLabs/watermill-kafka": {"internal/bus"},
		"github.com/twmb/franz-go":                 {"internal/bus", "internal/embedded", "observe", "sandbox", "faults/kafkaproxy", "faults/topic", "faults/schema", "faults/faultstest", "internal/confluent", "bench"},
		"github.com/apache/iceberg-go":             {"internal/lake"},
		"github.com/apache/arrow-go":               {"internal/lake"},
		"github.com/nats-io/nats.go":               {"halt", "cmd"},
		"github.com/nats-io/nats-server":           {"internal/embedded"},
		"github.com/nats-io/nkeys":                 {"internal/embedded"},
		"cel.dev/cel-go":                           {"rules"},
		"github.com/google/cel-go":                 {"rules"},
		"modernc.org/sqlite":                       {"internal/lake", "faults/storage/catalog"},
		"charm.land":                               {"internal/progress"},
		"github.com/charmbracelet":                 {"internal/progress"},
		"github.com/nicholas-fedor/shoutrrr":       {"handlers/notify"},
		"github.com/google/nftables":               {"internal/nft", "faults"},
		"github.com/mdlayher/netlink":              {"internal/nft", "internal/netns/netnstest"},
	}
}

// core says what the pure packages may import besides the standard library.
func core() map[string][]string {
	return map[string][]string{
		"spec":                {"go.yaml.in/yaml/v3"},
		"internal/cloudevent": {},
		"internal/pack":       {},
		"internal/plainjson":  {},
		"events":              {module + "spec", module + "internal/cloudevent", module + "internal/plainjson"},
		"commands":            {module + "spec", module + "events", module + "internal/cloudevent"},
		"experiment":          {module + "spec", module + "events", module + "commands", module + "internal/pack"},
	}
}

// narrow says what of the module some packages may import at most, besides the
// standard library and what owners allow.
func narrow() map[string][]string {
	return map[string][]string{
		"projections/digest": {},
		"projections/checks": {"events", "spec", "internal/lake", "projections/digest"}, // it reads Kafka through its interfaces
	}
}

func TestImports(t *testing.T) {
	seen := 0
	for _, p := range load(t) {
		folder := strings.TrimPrefix(p.ImportPath, module)
		if allowed, ok := core()[folder]; ok {
			seen++
			checkCore(t, folder, p.Imports, allowed)
		}
		for _, imported := range p.Imports {
			checkOwner(t, folder, imported)
			checkNarrow(t, folder, imported)
			if strings.HasPrefix(imported, module+"cmd/") {
				t.Errorf("%s imports %s: nothing imports cmd", folder, imported)
			}
		}
	}
	if seen != len(core()) {
		t.Errorf("%d of %d pure packages were found; the rules name a folder that is gone", seen, len(core()))
	}
}

// TestTheLightBinaryIsLight holds the command line to what starts in
// milliseconds: merely importing iceberg-go costs 70 MiB before the first line.
func TestTheLightBinaryIsLight(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", module+"cmd/faultline").Output()
	if err != nil {
		t.Fatalf("listing what cmd/faultline links: %v", err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, module+"spec") {
		t.Fatal("cmd/faultline links no spec; the list is not what it should be")
	}
	heavy := []string{
		module + "internal/lake", module + "internal/embedded", "github.com/apache/", "github.com/aws/",
		"cloud.google.com/", "github.com/nats-io/nats-server",
		"github.com/nicholas-fedor/shoutrrr", module + "handlers/notify", module + "internal/web",
	}
	for _, d := range deps {
		if slices.ContainsFunc(heavy, func(h string) bool { return strings.HasPrefix(d, h) }) {
			t.Errorf("cmd/faultline links %s", d)
		}
	}
}

func checkCore(t *testing.T, folder string, imports, allowed []string) {
	t.Helper()
	impure := []string{"os", "net", "math/rand", "math/rand/v2", "context", "sync", "log/slog"}
	for _, i := range imports {
		standard := !strings.Contains(strings.SplitN(i, "/", 2)[0], ".")
		if !standard && !slices.Contains(allowed, i) {
			t.Errorf("%s imports %s: the core imports %v and the standard library only", folder, i, allowed)
		}
		if i == "net/netip" {
			continue // values, and no network
		}
		if standard && slices.ContainsFunc(impure, func(p string) bool { return i == p || strings.HasPrefix(i, p+"/") }) {
			t.Errorf("%s imports %s: the core does no I/O and keeps no time", folder, i)
		}
	}
}

func checkNarrow(t *testing.T, folder, imported string) {
	t.Helper()
	allowed, ok := narrow()[folder]
	if own, of := strings.CutPrefix(imported, module); ok && of && !slices.Contains(allowed, own) {
		t.Errorf("%s imports %s: it may import %v of the module", folder, imported, allowed)
	}
}

func checkOwner(t *testing.T, folder, imported string) {
	t.Helper()
	for library, folders := range owners() {
		if imported != library && !strings.HasPrefix(imported, library+"/") {
			continue
		}
		if !slices.ContainsFunc(folders, func(f string) bool { return folder == f || strings.HasPrefix(folder, f+"/") }) {
			t.Errorf("%s imports %s, which belongs to %v alone", folder, imported, folders)
		}
	}
}

func load(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("listing packages: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("reading the list of packages: %v", err)
		}
		all = append(all, p)
	}
}
