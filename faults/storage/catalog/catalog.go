// Package catalog finds the pointer of an Iceberg table, the name of its
// current metadata file, and moves it where a catalog can do that safely.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/k2-platform/faultline/faults/storage/object"
	"github.com/k2-platform/faultline/spec"
)

var (
	// ErrNoTable is returned for a table that the catalog does not have.
	ErrNoTable = errors.New("there is no such table")
	// ErrMoved says that a pointer is not where it was expected: somebody committed.
	ErrMoved = errors.New("the table's pointer moved on")
)

// Catalog knows where tables are. Close ends its connections.
type Catalog interface {
	// Pointer is the table's metadata file; ErrNoTable.
	Pointer(ctx context.Context, namespace, name string) (string, error)
	Close() error
}

// Mover is a catalog whose pointers can be moved in one step with the look
// where they are:
//
//	if m, ok := c.(catalog.Mover); ok { … }
type Mover interface {
	// Move sets a pointer to to, if it is from: ErrMoved where it is neither.
	// One that is at to already stays.
	Move(ctx context.Context, namespace, name, from, to string) error
}

// Open opens a catalog, and makes none.
func Open(ctx context.Context, c spec.Catalog) (Catalog, error) {
	switch c.Kind {
	case spec.SQLCatalog:
		return openSQL(ctx, c)
	case spec.RESTCatalog:
		return openREST(ctx, c)
	case spec.HadoopCatalog:
		store, err := object.Of(c.Warehouse, "", c.Store)
		if err != nil {
			return nil, err
		}
		return directory{strings.TrimSuffix(c.Warehouse, "/"), store}, nil
	}
	return nil, fmt.Errorf("opening catalog %q: write sql, rest or hadoop", c.Kind)
}
