package main

import (
	"cmp"

	"github.com/spf13/pflag"

	"github.com/k2-platform/faultline/internal/lake"
	"github.com/k2-platform/faultline/internal/settings"
)

// lakeFlags name the catalog and its warehouse. They beat file and
// environment.
type lakeFlags struct{ set settings.Lake }

func (f *lakeFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.set.Kind, "lake-kind", "", "Iceberg catalog: sql, rest or hadoop; without it sql below the state folder")
	flags.StringVar(&f.set.Name, "lake-name", "", "name of the catalog")
	flags.StringVar(&f.set.URI, "lake-uri", "", "file or URL of the catalog")
	flags.StringVar(&f.set.Warehouse, "warehouse", "", "path, file:// or s3:// location of the tables")
	flags.StringToStringVar(&f.set.Properties, "lake-property", nil, "property of the catalog or its object store, such as s3.endpoint=…")
}

// over puts what the flags say on top of l.
func (f *lakeFlags) over(l settings.Lake) settings.Lake {
	l.Kind = cmp.Or(f.set.Kind, l.Kind)
	l.Name = cmp.Or(f.set.Name, l.Name)
	l.URI = cmp.Or(f.set.URI, l.URI)
	l.Warehouse = cmp.Or(f.set.Warehouse, l.Warehouse)
	for k, v := range f.set.Properties {
		if l.Properties == nil {
			l.Properties = map[string]string{}
		}
		l.Properties[k] = v
	}
	return l
}

func lakeOf(s settings.Settings) lake.Config { return lake.Config(s.LakeOrDefault()) }

// serviceLake is the lake of a service of the sandbox.
func (f *lakeFlags) serviceLake(home string) (lake.Config, error) {
	s, err := settings.Load("", home)
	if err != nil {
		return lake.Config{}, err
	}
	s.Lake = f.over(s.Lake)
	return lakeOf(s), nil
}
