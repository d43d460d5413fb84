package spec

import (
	"fmt"
	"strings"
)

const (
	warehousePattern = `^((file://)?/[^\s%?#]+|s3[an]?://[^\s/?#%]+(/[^\s?#%]*)?)$` // a location is a URI
	absolutePattern  = `^/\S.*$`
	endpointPattern  = `^https?://[^\s/?#@]+/?$`
)

func (v *validator) catalog(path string, c Catalog) {
	const warehouse = "an absolute path, file:///path or s3://bucket/prefix"
	switch c.Kind {
	case SQLCatalog:
		v.like(path+".uri", "uri", c.URI, absolutePattern, "the absolute path of the catalog's SQLite file")
	case HadoopCatalog:
		v.like(path+".warehouse", "warehouse", c.Warehouse, warehousePattern, warehouse)
	case RESTCatalog:
		v.like(path+".uri", "uri", c.URI, urlPattern, "the URL of the REST catalog, such as http://127.0.0.1:8181")
	default:
		v.refuse(path+".kind", fmt.Sprintf("catalog %q is not known", c.Kind), "write sql, rest or hadoop")
	}
	if c.Warehouse != "" && c.Kind == SQLCatalog {
		v.like(path+".warehouse", "warehouse", c.Warehouse, warehousePattern, warehouse)
	}
	if c.TokenFile != "" && c.Kind != RESTCatalog {
		v.refuse(path+".token_file", "only a REST catalog asks for a token", "remove it")
	}
	if e := c.Store.Endpoint; e != "" {
		v.like(path+".store.endpoint", "endpoint", e, endpointPattern, "the URL of the store without a path, such as http://127.0.0.1:9000")
	}
	for field, file := range map[string]string{".token_file": c.TokenFile, ".store.credentials_file": c.Store.CredentialsFile} {
		if file != "" && !strings.HasPrefix(file, "/") {
			v.refuse(path+field, fmt.Sprintf("%q is no path from the root, and who rolls back may stand elsewhere", file), "write the absolute path")
		}
	}
}
