package lake

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

const (
	kindSQL    = "sql"
	kindREST   = "rest"
	kindHadoop = "hadoop"
	kindGlue   = "glue"
	kindHive   = "hive"

	defaultName = "faultline"
)

// Config names a catalog and where its tables' files live. The zero value is
// not usable: Kind is needed, and what that kind needs.
type Config struct {
	// Kind is sql, rest or hadoop; glue or hive in a build with the tag
	// faultline_glue or faultline_hive.
	Kind string `yaml:"kind" json:"kind"`
	// Name is the catalog's name as stored in a SQL catalog, default
	// "faultline". Other engines must give the same name to see the tables.
	Name string `yaml:"name" json:"name"`
	// URI is the absolute path of the SQLite file (sql) or a URL (rest).
	URI string `yaml:"uri" json:"uri"`
	// Warehouse is an absolute path, a file:// or an s3:// location; gs:// or
	// abfss:// in a build with the tag faultline_gcs or faultline_azure. A REST
	// catalog may leave it empty, or take a name that its server knows.
	Warehouse string `yaml:"warehouse" json:"warehouse"`
	// Properties go to iceberg-go as they are: credential, token,
	// s3.endpoint, s3.access-key-id, s3.secret-access-key, s3.region, ...
	Properties map[string]string `yaml:"properties" json:"properties"`
}

// Validate reports every problem of c, joined; nil when Open can try it.
func (c Config) Validate() error {
	switch c.Kind {
	case kindSQL:
		return errors.Join(absolute("uri", c.URI, "the path of the catalog's SQLite file"), c.validateWarehouse())
	case kindHadoop:
		return c.validateWarehouse()
	case kindREST:
		u, err := url.Parse(c.URI)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("lake uri %q: write the URL of the REST catalog, for example http://127.0.0.1:8181", c.URI)
		}
		return nil
	case kindGlue:
		return tagged(c.Kind, withGlue)
	case kindHive:
		return tagged(c.Kind, withHive)
	}
	return fmt.Errorf("lake kind %q is unknown: write sql, rest or hadoop", c.Kind)
}

func tagged(kind string, built bool) error {
	if built {
		return nil
	}
	return fmt.Errorf("lake kind %q is not in this build: build with -tags faultline_%s, or use sql, rest or hadoop", kind, kind)
}

func absolute(field, path, what string) error {
	switch {
	case path == "":
		return fmt.Errorf("lake %s is empty: write %s", field, what)
	case !filepath.IsAbs(path):
		return fmt.Errorf("lake %s %q is relative: write the absolute path", field, path)
	}
	return nil
}

func (c Config) validateWarehouse() error {
	scheme, path, remote := strings.Cut(c.Warehouse, "://")
	if !remote {
		path = c.Warehouse
	}
	if remote && scheme != "file" {
		return c.validateStore(scheme, path)
	}
	if err := absolute("warehouse", path, "an absolute path, file:///path or s3://bucket/prefix"); err != nil {
		return err
	}
	if path == "/" || strings.ContainsAny(path, "%?#") {
		return fmt.Errorf("lake warehouse %q: a location is a URI, so its path may not be / nor hold %%, ? or #", c.Warehouse)
	}
	return nil
}

// validateStore checks the location of an object store.
func (c Config) validateStore(scheme, path string) error {
	built, tag := true, ""
	switch scheme {
	case "s3", "s3a", "s3n":
	case "gs":
		built, tag = withGCS, "faultline_gcs"
	case "abfs", "abfss", "wasb", "wasbs":
		built, tag = withAzure, "faultline_azure"
	default:
		path = ""
	}
	if path == "" {
		return fmt.Errorf("lake warehouse %q: write an absolute path, file:///path or s3://bucket/prefix", c.Warehouse)
	}
	if !built {
		return fmt.Errorf("lake warehouse %q: its store is not in this build: build with -tags %s, or use s3:// or a path", c.Warehouse, tag)
	}
	return nil
}

// localWarehouse is the directory of a local warehouse, empty for any other.
func (c Config) localWarehouse() string {
	path := strings.TrimPrefix(c.Warehouse, "file://")
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return ""
}

func (c Config) name() string {
	if c.Name == "" {
		return defaultName
	}
	return c.Name
}
