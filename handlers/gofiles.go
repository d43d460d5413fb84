package handlers

import "embed"

// GoFiles is the text of those files that read and fold the log, by name: a
// checkpoint of the folded log is good for whoever folds by the same text.
//
//go:embed log.go read.go recent.go snapshot.go
var GoFiles embed.FS
