package checkpoint

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/k2-platform/faultline/commands"
	"github.com/k2-platform/faultline/events"
	"github.com/k2-platform/faultline/experiment"
	"github.com/k2-platform/faultline/handlers"
	"github.com/k2-platform/faultline/internal/bus"
	"github.com/k2-platform/faultline/internal/cloudevent"
	"github.com/k2-platform/faultline/internal/pack"
	"github.com/k2-platform/faultline/internal/plainjson"
	"github.com/k2-platform/faultline/spec"
)

//go:embed *.go
var goFiles embed.FS

// Fold tells how this program folds the log from every other way: it is a hash
// of the text of all that reads records, decodes, folds and keeps them, and of
// the version of Go, whose encoding/json is part of it. Programs that differ in
// anything else share their checkpoints.
func Fold() (string, error) { return foldOf(runtime.Version(), texts()) }

// texts is all that the fold consists of, by folder.
func texts() map[string]fs.FS {
	return map[string]fs.FS{
		"commands":            commands.GoFiles,
		"events":              events.GoFiles,
		"experiment":          experiment.GoFiles,
		"handlers":            handlers.GoFiles,
		"handlers/checkpoint": goFiles,
		"internal/bus":        bus.GoFiles,
		"internal/cloudevent": cloudevent.GoFiles,
		"internal/pack":       pack.GoFiles,
		"internal/plainjson":  plainjson.GoFiles,
		"spec":                spec.GoFiles,
	}
}

// foldOf leaves out tests: they change nothing.
func foldOf(version string, texts map[string]fs.FS) (string, error) {
	var w pack.Writer
	w.Text(version)
	for _, folder := range slices.Sorted(maps.Keys(texts)) {
		names, err := fs.Glob(texts[folder], "*.go")
		if err != nil {
			return "", fmt.Errorf("reading the text of %s in this program: %w", folder, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := fs.ReadFile(texts[folder], name)
			if err != nil {
				return "", fmt.Errorf("reading the text of %s in this program: %w", folder, err)
			}
			w.Text(folder)
			w.Text(name)
			w.Text(string(text))
		}
	}
	sum := sha256.Sum256(w.Out)
	return string(sum[:]), nil
}
