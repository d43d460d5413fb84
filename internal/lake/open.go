package lake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	_ "github.com/apache/iceberg-go/catalog/hadoop" // registers kind hadoop
	_ "github.com/apache/iceberg-go/catalog/rest"   // registers kind rest
	_ "github.com/apache/iceberg-go/io/gocloud/s3"  // registers s3:// locations
	"github.com/apache/iceberg-go/table"
)

// ErrNoTable is returned for a table that the catalog does not have.
var ErrNoTable = errors.New("no such table")

// Lake is one open catalog. It is safe for concurrent use, and several
// processes may have the same catalog open.
type Lake struct {
	catalog catalog.Catalog
	close   func() error
	pause   time.Duration // before the second try of a commit; doubles
	tells   bool          // the catalog says what is in metadata files, so that nobody here need read them
}

// Open opens the catalog, creating the directories of a SQL catalog and of a
// local warehouse. No network is used before the first table for kinds other
// than rest.
func Open(ctx context.Context, c Config) (*Lake, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if dir := c.localWarehouse(); dir != "" && c.Kind != kindREST {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, fmt.Errorf("creating warehouse %s: %w", dir, err)
		}
	}
	opened := &Lake{pause: 20 * time.Millisecond, tells: c.Kind == kindREST}
	var err error
	if c.Kind == kindSQL {
		opened.catalog, opened.close, err = openSQL(ctx, c)
	} else {
		opened.catalog, opened.close, err = openRegistered(ctx, c)
	}
	if err != nil {
		return nil, fmt.Errorf("opening %s catalog %s: %w", c.Kind, c.name(), err)
	}
	return opened, nil
}

// Close releases the catalog. Tables opened through it are unusable then.
func (l *Lake) Close() error {
	if err := l.close(); err != nil {
		return fmt.Errorf("closing catalog: %w", err)
	}
	return nil
}

func openRegistered(ctx context.Context, c Config) (catalog.Catalog, func() error, error) {
	props := c.properties()
	props["type"] = c.Kind
	opened, err := catalog.Load(ctx, c.name(), props)
	if err != nil {
		return nil, nil, err
	}
	if closer, ok := opened.(catalog.Closer); ok {
		return opened, closer.Close, nil
	}
	return opened, func() error { return nil }, nil
}

func (c Config) properties() iceberg.Properties {
	props := iceberg.Properties{}
	maps.Copy(props, c.Properties)
	if c.URI != "" {
		props["uri"] = c.URI
	}
	props["warehouse"] = c.Warehouse
	if dir := c.localWarehouse(); dir != "" && c.Kind != kindREST {
		props["warehouse"] = "file://" + dir // other engines need the scheme
	}
	return props
}

func (l *Lake) load(ctx context.Context, namespace, name string) (*table.Table, error) {
	loaded, err := l.catalog.LoadTable(ctx, table.Identifier{namespace, name})
	if errors.Is(err, catalog.ErrNoSuchTable) || errors.Is(err, catalog.ErrNoSuchNamespace) {
		return nil, fmt.Errorf("%w: %s.%s", ErrNoTable, namespace, name)
	}
	if err != nil {
		return nil, fmt.Errorf("loading table %s.%s: %w", namespace, name, diagnose(err))
	}
	return loaded, nil
}
