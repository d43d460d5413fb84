package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults/drivers"
	"github.com/k2-platform/faultline/rules"
	"github.com/k2-platform/faultline/spec"
)

// accept reads a document for a run. Where it is refused it prints why and
// ends with exit code 2.
func accept(problems io.Writer, file, profile string, platform spec.Platform) (spec.Document, error) {
	source, err := readDocument(file)
	if err != nil {
		return spec.Document{}, err
	}
	parsed, found := spec.Parse(source)
	if found.Err() == nil {
		if parsed.Document, err = parsed.Document.WithProfile(profile); err != nil {
			return spec.Document{}, fmt.Errorf("%s: %w", file, err)
		}
		found = append(found, rules.Check(parsed, platform, drivers.Breaks())...)
	}
	for _, p := range found.In(file).Sorted() {
		if _, err := fmt.Fprintln(problems, p.Error()); err != nil {
			return spec.Document{}, err
		}
	}
	if found.Err() != nil {
		return spec.Document{}, exitError(2)
	}
	return parsed.Document, nil
}

// newID makes an id from a title that no other run has.
func newID(title string, now time.Time) spec.ExperimentID {
	slug := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(title), "-")
	slug = strings.Trim(slug[:min(len(slug), 60)], "-")
	if slug == "" {
		slug = "experiment"
	}
	return spec.ExperimentID(fmt.Sprintf("%s-%s-%s", slug, now.UTC().Format("20060102-150405"), strings.ToLower(rand.Text()[:4])))
}
