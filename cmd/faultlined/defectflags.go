package main

import (
	"github.com/spf13/pflag"

	"github.com/k2-platform/faultline/sandbox/defect"
)

// defectFlags say what is broken on purpose in a sandbox, or in one service.
type defectFlags struct{ names []string }

func (f *defectFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.names, "defect", nil, "a defect that is built in on purpose, to see an experiment refuted; may be repeated; docs/SANDBOX.md lists them")
}

func (f *defectFlags) set() (defect.Set, error) { return defect.Parse(f.names) }
