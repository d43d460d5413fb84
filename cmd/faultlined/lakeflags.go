package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

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
	flags.StringVar(&f.set.Warehouse, "warehouse", "", "path, file:// or s3:// location of the tables; "+ownStore+" is the sandbox's S3 store")
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

// args says the same again on another command line.
func (f *lakeFlags) args() []string {
	var out []string
	for flag, value := range map[string]string{
		"--lake-kind": f.set.Kind, "--lake-name": f.set.Name, "--lake-uri": f.set.URI, "--warehouse": f.set.Warehouse,
	} {
		if value != "" {
			out = append(out, flag, value)
		}
	}
	for k, v := range f.set.Properties {
		out = append(out, "--lake-property", k+"="+v)
	}
	return out
}

// serviceLake is the lake of a service of the sandbox, by its flags.
type serviceLake struct {
	lakeFlags
	config string
}

func (f *serviceLake) add(flags *pflag.FlagSet) {
	f.lakeFlags.add(flags)
	flags.StringVar(&f.config, "config", "", "settings, of which the lake is taken; default "+settings.DefaultFile+", if it is there")
}

func (f *serviceLake) settings(home string) (settings.Settings, error) {
	s, err := settings.Load(f.config, home)
	s.Lake = f.over(s.Lake)
	return s, err
}

func (f *serviceLake) open(home string) (lake.Config, error) {
	s, err := f.settings(home)
	if err != nil {
		return lake.Config{}, err
	}
	return lakeOf(s)
}

// args is for services, which stand in another folder: there the default
// file would not be found.
func (f *serviceLake) args() ([]string, error) {
	out := f.lakeFlags.args()
	config, err := f.settingsFile()
	if err != nil || config == "" {
		return out, err
	}
	return append(out, "--config", config), nil
}

// settingsFile is the path of the settings from the root; "" where there are none.
func (f *serviceLake) settingsFile() (string, error) {
	config := f.config
	if config == "" {
		if _, err := os.Stat(settings.DefaultFile); err != nil {
			return "", nil //nolint:nilerr // it may be missing
		}
		config = settings.DefaultFile
	}
	abs, err := filepath.Abs(config)
	if err != nil {
		return "", fmt.Errorf("finding the settings %s: %w", config, err)
	}
	return abs, nil
}
