package bus

import "embed"

// GoFiles is the text of the reader of the log, by file name: a checkpoint of
// the folded log is good for whoever folds by the same text.
//
//go:embed read.go
var GoFiles embed.FS
