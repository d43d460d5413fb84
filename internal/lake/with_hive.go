//go:build faultline_hive

package lake

import _ "github.com/apache/iceberg-go/catalog/hive" // registers kind hive

const withHive = true
