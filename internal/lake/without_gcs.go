//go:build !faultline_gcs

package lake

// withGCS is false in a usual build: the store's client is large and rarely needed.
const withGCS = false
