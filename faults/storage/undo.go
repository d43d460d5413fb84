package storage

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/spec"
)

// What a receipt holds.
const (
	undoWhat    = "what"
	undoHow     = "how"
	undoTable   = "table"
	undoSeed    = "seed"
	undoCopies  = "copies"  // folder of the copies
	undoCatalog = "catalog" // as JSON
	undoObjects = "objects" // as JSON
	undoCurrent = "metadata_file"
	undoSet     = "moved_to" // where the pointer is moved to
)

// copiesPrefix begins the names of the folders that copies are in.
const copiesPrefix = "storage-copies-"

// part is one object: what it was, and what Faultline makes of it. Where the
// two are the same it is only kept.
type part struct {
	At      string            `json:"at"`
	Was     object.Form       `json:"was"`
	Now     object.Form       `json:"now"`
	Headers map[string]string `json:"headers,omitempty"`
}

// undo is a receipt of this fault.
type undo struct {
	asked
	chosen
	namespace, table string
	catalog          spec.Catalog
	copies           string
}

func (u undo) write() (map[string]string, error) {
	catalog, err := json.Marshal(u.catalog)
	if err != nil {
		return nil, err
	}
	parts, err := json.Marshal(u.Parts)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		undoWhat: u.what, undoHow: u.how, undoTable: u.namespace + "/" + u.table, undoSeed: fmt.Sprint(u.seed), undoCopies: u.copies,
		undoCatalog: string(catalog), undoObjects: string(parts), undoCurrent: u.Current, undoSet: u.Set,
	}, nil
}

// undoOf refuses a receipt that would have other things written or removed
// than this fault's.
func undoOf(r faults.Receipt) (undo, error) {
	u := undo{
		asked:  askedBy(r.Undo), // the names are the same
		chosen: chosen{Current: r.Undo[undoCurrent], Set: r.Undo[undoSet]},
		copies: r.Undo[undoCopies],
	}
	u.namespace, u.table, _ = strings.Cut(r.Undo[undoTable], "/")
	if u.table == "" || u.Current == "" {
		return u, fmt.Errorf("receipt %s names no table", r.ID)
	}
	if !filepath.IsAbs(u.copies) || !strings.HasPrefix(filepath.Base(u.copies), copiesPrefix) {
		return u, fmt.Errorf("receipt %s names no copies of this fault: %q", r.ID, u.copies)
	}
	if err := json.Unmarshal([]byte(r.Undo[undoCatalog]), &u.catalog); err != nil {
		return u, fmt.Errorf("reading the catalog of receipt %s: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Undo[undoObjects]), &u.Parts); err != nil || len(u.Parts) == 0 {
		return u, fmt.Errorf("receipt %s names no objects: %w", r.ID, err)
	}
	return u, nil
}
