package spec

import "embed"

// GoFiles is the text of this package, by file name: a checkpoint of the
// folded log is good for whoever folds by the same text.
//
//go:embed *.go
var GoFiles embed.FS
