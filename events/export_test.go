package events

import "github.com/k2-platform/faultline/internal/plainjson"

// Plain is the quick way of a Reader, without the one that is always open.
func (r Reader) Plain() plainjson.Reader { return r.plain }
