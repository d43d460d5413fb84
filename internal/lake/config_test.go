package lake

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfigValidate(t *testing.T) {
	tests := map[string]struct {
		config Config
		want   string // empty: valid
	}{
		"sql":               {Config{Kind: "sql", URI: "/x/catalog.db", Warehouse: "/x/warehouse"}, ""},
		"sql on s3":         {Config{Kind: "sql", URI: "/x/catalog.db", Warehouse: "s3://bucket/lake"}, ""},
		"hadoop":            {Config{Kind: "hadoop", Warehouse: "file:///x/warehouse"}, ""},
		"rest":              {Config{Kind: "rest", URI: "http://127.0.0.1:8181"}, ""},
		"nothing":           {Config{}, `kind "" is unknown`},
		"glue":              {Config{Kind: "glue"}, "-tags faultline_glue"},
		"hive":              {Config{Kind: "hive"}, "-tags faultline_hive"},
		"no file":           {Config{Kind: "sql", Warehouse: "/x"}, "uri is empty"},
		"relative file":     {Config{Kind: "sql", URI: "catalog.db", Warehouse: "/x"}, "is relative"},
		"no warehouse":      {Config{Kind: "hadoop"}, "warehouse is empty"},
		"root":              {Config{Kind: "hadoop", Warehouse: "/"}, "may not be /"},
		"fragment":          {Config{Kind: "hadoop", Warehouse: "/a#b"}, "may not be /"},
		"other store":       {Config{Kind: "hadoop", Warehouse: "oss://b/x"}, "s3://bucket/prefix"},
		"store of a tag":    {Config{Kind: "hadoop", Warehouse: "gs://b/x"}, "faultline_gcs"},
		"rest without host": {Config{Kind: "rest", URI: "catalog"}, "URL of the REST catalog"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := test.config.Validate()
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}
