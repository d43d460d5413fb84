package lake

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/apache/iceberg-go/catalog"
	icesql "github.com/apache/iceberg-go/catalog/sql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const openTries = 10

// openSQL opens a catalog in a SQLite file that several processes share. A
// process that opens the file while another turns WAL on is told "busy"
// at once, whatever its busy timeout, so opening is tried again.
func openSQL(ctx context.Context, c Config) (catalog.Catalog, func() error, error) {
	if err := os.MkdirAll(filepath.Dir(c.URI), 0o750); err != nil {
		return nil, nil, fmt.Errorf("creating folder of catalog: %w", err)
	}
	for try := 1; ; try++ {
		opened, closeAll, err := tryOpenSQL(ctx, c)
		if err == nil || !busy(err) || try == openTries {
			return opened, closeAll, err
		}
		if err := sleep(ctx, time.Duration(try)*20*time.Millisecond); err != nil {
			return nil, nil, err
		}
	}
}

func tryOpenSQL(ctx context.Context, c Config) (catalog.Catalog, func() error, error) {
	db, err := sql.Open("sqlite", dsn(c.URI))
	if err != nil {
		return nil, nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	opened, err := icesql.NewCatalog(c.name(), db, icesql.SQLite, c.properties())
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return opened, func() error { return errors.Join(opened.Close(), db.Close()) }, nil
}

// dsn makes every pooled connection wait for a lock instead of failing, and
// take the write lock when a write transaction begins: one that upgrades from
// read to write fails at once, whatever the busy timeout.
func dsn(path string) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(10000)")
	q.Add("_pragma", "journal_mode(WAL)")
	q.Add("_pragma", "synchronous(FULL)")
	q.Set("_txlock", "immediate")
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

func busy(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	primary := e.Code() & 0xff // the rest says which kind of busy
	return primary == sqlite3.SQLITE_BUSY || primary == sqlite3.SQLITE_LOCKED
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
