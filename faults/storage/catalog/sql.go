package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/k2-platform/faultline/spec"
)

// DefaultName is that of a SQL catalog that gives none.
const DefaultName = "faultline"

// inSQLite is a catalog in the table iceberg_tables of a SQLite file, as
// iceberg-go, pyiceberg and Java's JdbcCatalog keep it.
type inSQLite struct {
	name string
	db   *sql.DB
}

var (
	_ Catalog = inSQLite{}
	_ Mover   = inSQLite{}
)

func openSQL(ctx context.Context, c spec.Catalog) (Catalog, error) {
	if _, err := os.Stat(c.URI); err != nil {
		return nil, fmt.Errorf("opening the catalog: %w", err) // else SQLite would make an empty one
	}
	if err := unix.Access(c.URI, unix.W_OK); err != nil {
		return nil, fmt.Errorf("opening the catalog %s: it cannot be written: %w", c.URI, err)
	}
	q := url.Values{"_pragma": {"busy_timeout(10000)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: c.URI, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("opening the catalog %s: %w", c.URI, err)
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("opening the catalog %s: %w", c.URI, errors.Join(err, db.Close()))
	}
	return inSQLite{cmp.Or(c.Name, DefaultName), db}, nil
}

// Close implements Catalog.
func (c inSQLite) Close() error { return c.db.Close() }

const (
	theTable = " WHERE catalog_name = ? AND table_namespace = ? AND table_name = ?"
	look     = "SELECT metadata_location FROM iceberg_tables" + theTable
	move     = "UPDATE iceberg_tables SET metadata_location = ?" + theTable + " AND metadata_location = ?"
)

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func (c inSQLite) look(ctx context.Context, q querier, namespace, name string) (string, error) {
	var at sql.NullString
	err := q.QueryRowContext(ctx, look, c.name, namespace, name).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) || err == nil && at.String == "" {
		return "", fmt.Errorf("looking up %s.%s in catalog %s: %w", namespace, name, c.name, ErrNoTable)
	}
	if err != nil {
		return "", fmt.Errorf("looking up %s.%s in catalog %s: %w", namespace, name, c.name, err)
	}
	return at.String, nil
}

// Pointer implements Catalog.
func (c inSQLite) Pointer(ctx context.Context, namespace, name string) (string, error) {
	return c.look(ctx, c.db, namespace, name)
}

// Move implements Mover. The transaction takes the write lock as it begins, so
// nobody commits between the look and the move.
func (c inSQLite) Move(ctx context.Context, namespace, name, from, to string) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("moving the pointer of %s.%s: %w", namespace, name, err)
	}
	if err := c.move(ctx, tx, namespace, name, from, to); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("moving the pointer of %s.%s: %w", namespace, name, err)
	}
	return nil
}

func (c inSQLite) move(ctx context.Context, tx *sql.Tx, namespace, name, from, to string) error {
	at, err := c.look(ctx, tx, namespace, name)
	switch {
	case err != nil || at == to:
		return err
	case at != from:
		return fmt.Errorf("moving the pointer of %s.%s: %w: it is at %s", namespace, name, ErrMoved, at)
	}
	if _, err := tx.ExecContext(ctx, move, to, c.name, namespace, name, from); err != nil {
		return fmt.Errorf("moving the pointer of %s.%s: %w", namespace, name, err)
	}
	return nil
}
