//go:build faultline_azure

package lake

import _ "github.com/apache/iceberg-go/io/gocloud/azure" // registers its locations

const withAzure = true
