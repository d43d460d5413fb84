// Package registry is the sandbox's schema registry: the Confluent API for
// Avro, with real compatibility checks, kept in one file. It serves no other
// schema type, and deletes nothing for ever.
package registry

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/k2-platform/faultline/sandbox/defect"
	"github.com/k2-platform/faultline/sandbox/service"
)

// Name is the service's name in records and reports.
const Name = "registry"

// Config says where the schemas are kept: <home>/sandbox/schemas.json.
type Config struct {
	Home    string
	Addr    string // host:port to listen at; "" = that of the last start, or a free loopback port
	Defects defect.Set
}

// Run serves the API until ctx ends.
func Run(ctx context.Context, c Config) error {
	s, err := service.Open(ctx, service.Config{Home: c.Home, Name: Name, Addr: c.Addr})
	if err != nil {
		return err
	}
	b, err := openBook(filepath.Join(service.Dir(c.Home), "schemas.json"))
	if err != nil {
		return errors.Join(err, s.Close())
	}
	b.lax = c.Defects.Has(defect.RegistryAcceptsAll)
	b.routes(s.Mux)
	s.SetHealth(func(context.Context) error { return nil })
	return s.Serve(ctx, func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	})
}
