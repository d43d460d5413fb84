//go:build !faultline_glue

package lake

// withGlue is false in a usual build: the glue client is large and rarely needed.
const withGlue = false
