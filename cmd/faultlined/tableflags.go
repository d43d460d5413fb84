package main

import (
	"github.com/spf13/pflag"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/sandbox/defect"
)

// tableFlags are those of the services that work on the table: where it is,
// and what is broken in them on purpose.
type tableFlags struct {
	lake   serviceLake
	broken defectFlags
}

func (f *tableFlags) add(flags *pflag.FlagSet) {
	f.lake.add(flags)
	f.broken.add(flags)
}

func (f *tableFlags) read(home string) (lake.Config, defect.Set, error) {
	broken, err := f.broken.set()
	if err != nil {
		return lake.Config{}, nil, err
	}
	at, err := f.lake.open(home)
	return at, broken, err
}
