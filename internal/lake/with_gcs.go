//go:build faultline_gcs

package lake

import _ "github.com/apache/iceberg-go/io/gocloud/gcs" // registers its locations

const withGCS = true
