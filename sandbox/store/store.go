// Package store is the sandbox's object store: the S3 API over local files.
// It checks no signatures: whoever reaches its address may read and write.
package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3afero"

	"github.com/k2-platform/faultline/sandbox/service"
)

// Name is the service's name in records and reports.
const Name = "store"

// Bucket holds the warehouse.
const Bucket = "warehouse"

// Endpoint is the property of a lake that says where its store answers.
const Endpoint = "s3.endpoint"

// Properties are those of a lake whose warehouse is in a store at an address.
func Properties(addr string) map[string]string {
	return map[string]string{
		Endpoint: "http://" + addr, "s3.region": "us-east-1", "s3.force-virtual-addressing": "false",
		"s3.access-key-id": "sandbox", "s3.secret-access-key": "sandbox", // it checks none, but clients want some
	}
}

// Config says where the files lie: <home>/sandbox/store.
type Config struct {
	Home string
	Addr string // host:port to listen at; "" = that of the last start, or a free loopback port
}

// Run serves S3 until ctx ends.
func Run(ctx context.Context, c Config) error {
	s, err := service.Open(ctx, service.Config{Home: c.Home, Name: Name, Addr: c.Addr})
	if err != nil {
		return err
	}
	backend, err := open(filepath.Join(service.Dir(c.Home), "store"))
	if err != nil {
		return errors.Join(err, s.Close())
	}
	s3 := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	s.Mux.Handle("/", s3)
	s.SetHealth(func(context.Context) error {
		_, err := backend.BucketExists(Bucket)
		return err
	})
	return s.Serve(ctx, func(ctx context.Context) error {
		<-ctx.Done()
		return nil
	})
}

func open(dir string) (*s3afero.MultiBucketBackend, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("making the store's folder: %w", err)
	}
	fs, err := s3afero.FsPath(dir, 0)
	if err != nil {
		return nil, fmt.Errorf("opening the store's folder: %w", err)
	}
	backend, err := s3afero.MultiBucket(fs)
	if err != nil {
		return nil, fmt.Errorf("opening the object store: %w", err)
	}
	exists, err := backend.BucketExists(Bucket)
	if err == nil && !exists {
		err = backend.CreateBucket(Bucket)
	}
	if err != nil {
		return nil, fmt.Errorf("making bucket %s: %w", Bucket, err)
	}
	return backend, nil
}
