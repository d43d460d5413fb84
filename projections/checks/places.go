package checks

import (
	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/projections/digest"
)

// places are files by their digest: 16 bytes each, however long their names.
type places map[digest.Sum]bool

// first adds a file, and says that it was not there before.
func (p places) first(location string) bool {
	at := digest.Of([]byte(lake.Place(location)))
	known := p[at]
	p[at] = true
	return !known
}

func (p places) has(location string) bool { return p[digest.Of([]byte(lake.Place(location)))] }
