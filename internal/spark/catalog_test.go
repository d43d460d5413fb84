package spark

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfOfEachKind(t *testing.T) {
	always := func(name string, own map[string]string) map[string]string {
		conf := map[string]string{
			"spark.sql.catalog." + name: "org.apache.iceberg.spark.SparkCatalog", "spark.sql.defaultCatalog": name,
			"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true",
		}
		for k, v := range own {
			conf["spark.sql.catalog."+name+"."+k] = v
		}
		return conf
	}
	for name, c := range map[string]struct {
		catalog Catalog
		want    map[string]string
	}{
		"sql": {
			Catalog{Kind: "sql", URI: "/lake/catalog.db", Warehouse: "/lake/warehouse"},
			always("faultline", map[string]string{
				"catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog", "uri": "jdbc:sqlite:file:/lake/catalog.db",
				"init-catalog-tables": "false", "warehouse": "file:///lake/warehouse",
			}),
		},
		"rest on a store of one's own": {
			Catalog{Kind: "rest", Name: "k2", URI: "http://catalog:8181", Warehouse: "s3://lake/w", Properties: map[string]string{
				"token": "t", "s3.endpoint": "http://store:9000", "s3.access-key-id": "k", "s3.secret-access-key": "s", "s3.region": "eu-west-1",
			}},
			always("k2", map[string]string{
				"type": "rest", "uri": "http://catalog:8181", "warehouse": "s3://lake/w", "token": "t",
				"io-impl": "org.apache.iceberg.aws.s3.S3FileIO", "s3.path-style-access": "true", "s3.endpoint": "http://store:9000",
				"s3.access-key-id": "k", "s3.secret-access-key": "s", "client.region": "eu-west-1",
			}),
		},
		"rest whose server knows all": {
			Catalog{Kind: "rest", URI: "http://catalog:8181"},
			always("faultline", map[string]string{"type": "rest", "uri": "http://catalog:8181"}),
		},
		"hadoop with an io of its own": {
			Catalog{Kind: "hadoop", Warehouse: "s3a://lake", Properties: map[string]string{"io-impl": "org.example.IO"}},
			always("faultline", map[string]string{"type": "hadoop", "warehouse": "s3a://lake", "io-impl": "org.example.IO"}),
		},
		"hive": {Catalog{Kind: "hive", URI: "thrift://meta:9083"}, always("faultline", map[string]string{"type": "hive", "uri": "thrift://meta:9083"})},
		"glue": {Catalog{Kind: "glue"}, always("faultline", map[string]string{"type": "glue"})},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.catalog.conf()
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestConfRefuses(t *testing.T) {
	for want, c := range map[string]Catalog{
		"has no kind":           {},
		`kind "paper" is`:       {Kind: "paper"},
		"letters, digits and _": {Kind: "glue", Name: "our lake"},
	} {
		_, err := c.conf()
		require.ErrorContains(t, err, want)
	}
}
