//go:build faultline_glue

package lake

import _ "github.com/apache/iceberg-go/catalog/glue" // registers kind glue

const withGlue = true
