package spark

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// Catalog names a lake as the settings do; see internal/lake.Config, of which
// it is the same fields. The zero value is not usable.
type Catalog struct {
	Kind, Name, URI, Warehouse string
	Properties                 map[string]string
}

// conf is what makes Spark open the lake, as its default catalog: properties
// of Iceberg's Spark catalog. The kinds, and the names of S3 properties where
// Java's differ from iceberg-go's, are all that is translated.
func (c Catalog) conf() (map[string]string, error) {
	// A SQL catalog keeps its tables under its name, so Spark's must be the same.
	name := cmp.Or(c.Name, "faultline")
	if !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`).MatchString(name) {
		return nil, fmt.Errorf("naming the catalog %q to Spark: its names are letters, digits and _; give the lake such a name", name)
	}
	own, err := c.kind()
	if err != nil {
		return nil, err
	}
	for from, value := range c.Properties {
		own[java(from)] = value
	}
	if c.Warehouse != "" {
		own["warehouse"] = c.Warehouse
		if strings.HasPrefix(c.Warehouse, "/") {
			own["warehouse"] = "file://" + c.Warehouse
		}
	}
	c.store(own)
	prefix := "spark.sql.catalog." + name
	conf := map[string]string{
		prefix:                       "org.apache.iceberg.spark.SparkCatalog",
		"spark.sql.defaultCatalog":   name,
		"spark.sql.session.timeZone": "UTC",
		"spark.sql.ansi.enabled":     "true", // what cannot be computed is an error, and no null
	}
	for k, v := range own {
		conf[prefix+"."+k] = v
	}
	return conf, nil
}

func (c Catalog) kind() (map[string]string, error) {
	switch c.Kind {
	case "rest":
		return map[string]string{"type": "rest", "uri": c.URI}, nil
	case "sql":
		return map[string]string{
			"catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
			// Spark only reads: it neither makes the catalog's tables nor changes them.
			"uri": "jdbc:sqlite:file:" + c.URI, "init-catalog-tables": "false",
		}, nil
	case "hadoop":
		return map[string]string{"type": "hadoop"}, nil
	case "hive":
		return map[string]string{"type": "hive", "uri": c.URI}, nil
	case "glue":
		return map[string]string{"type": "glue"}, nil
	case "":
		return nil, errors.New("opening the lake on Spark: it has no kind; name it as in the settings: sql, rest, hadoop, hive or glue")
	}
	return nil, fmt.Errorf("opening the lake on Spark: kind %q is unknown: write sql, rest, hadoop, hive or glue", c.Kind)
}

// store says how S3 is reached, where the tables are there.
func (c Catalog) store(own map[string]string) {
	scheme, _, _ := strings.Cut(c.Warehouse, "://")
	if scheme != "s3" && scheme != "s3a" && scheme != "s3n" && c.Properties["s3.endpoint"] == "" {
		return
	}
	add := map[string]string{"io-impl": "org.apache.iceberg.aws.s3.S3FileIO"}
	if c.Properties["s3.endpoint"] != "" && c.Properties["s3.force-virtual-addressing"] != "true" {
		add["s3.path-style-access"] = "true" // iceberg-go's default for a server of one's own
	}
	maps.Copy(add, own) // what was said beats what is meant
	maps.Copy(own, add)
}

// java is what Iceberg's Java calls a property of iceberg-go.
func java(property string) string {
	if property == "s3.region" {
		return "client.region"
	}
	return property
}
