// Package experiments holds the documents that come with Faultline, for
// programs that run where the files are not.
package experiments

import "embed"

// Files is every document of this folder, by its file name.
//
//go:embed *.yaml
var Files embed.FS
