//go:build !faultline_hive

package lake

// withHive is false in a usual build: the hive client is large and rarely needed.
const withHive = false
