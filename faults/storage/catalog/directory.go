package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/k2-platform/faultline/faults/storage/object"
)

const (
	hint        = "version-hint.text"
	longestHint = 64
)

// directory is a catalog that is its warehouse alone: a table's current
// metadata is the file of the highest version.
type directory struct {
	warehouse string
	store     object.Store
}

var _ Catalog = directory{}

// Close implements Catalog.
func (d directory) Close() error {
	d.store.Close()
	return nil
}

// Pointer implements Catalog. Files are listed; in an object store it starts
// at the hint, which may lag, and goes on while there is a next version.
func (d directory) Pointer(ctx context.Context, namespace, name string) (string, error) {
	at := d.warehouse + "/" + strings.ReplaceAll(namespace, ".", "/") + "/" + name + "/metadata/"
	find := d.newest
	if strings.Contains(at, "://") && !strings.HasPrefix(at, "file://") {
		find = d.follow
	}
	found, err := find(ctx, at)
	if err == nil && found == "" {
		err = ErrNoTable
	}
	if err != nil {
		return "", fmt.Errorf("looking for %s.%s in %s: %w", namespace, name, at, err)
	}
	return found, nil
}

func (directory) newest(_ context.Context, at string) (string, error) {
	entries, err := os.ReadDir(strings.TrimPrefix(at, "file://"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	versions := regexp.MustCompile(`^v(\d+)(\.gz)?\.metadata\.json(\.gz)?$`)
	newest, found := -1, ""
	for _, e := range entries {
		part := versions.FindStringSubmatch(filepath.Base(e.Name()))
		if part == nil {
			continue
		}
		if v, err := strconv.Atoi(part[1]); err == nil && v > newest {
			newest, found = v, at+e.Name()
		}
	}
	return found, nil
}

func (d directory) follow(ctx context.Context, at string) (string, error) {
	text, err := object.Load(ctx, d.store, at+hint, longestHint)
	if errors.Is(err, object.ErrNone) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", hint, err)
	}
	found := ""
	for ; ; version++ {
		next := fmt.Sprintf("%sv%d.metadata.json", at, version)
		r, _, err := d.store.Read(ctx, next)
		if errors.Is(err, object.ErrNone) {
			return found, nil
		}
		if err != nil {
			return "", err
		}
		if err := r.Close(); err != nil {
			return "", err
		}
		found = next
	}
}
