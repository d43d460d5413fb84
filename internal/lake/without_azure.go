//go:build !faultline_azure

package lake

// withAzure is false in a usual build: the store's client is large and rarely needed.
const withAzure = false
