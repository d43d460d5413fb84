package container_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/container"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/kill"
	"github.com/k2-platform/faultline/faults/pause"
	"github.com/k2-platform/faultline/faults/restartloop"
	"github.com/k2-platform/faultline/faults/stop"
	"github.com/k2-platform/faultline/internal/docker"
	"github.com/k2-platform/faultline/internal/docker/dockertest"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == container.Command {
		fmt.Fprintln(os.Stderr, container.Loop(os.Stdin))
		os.Exit(1)
	}
	faultstest.MainBeside(m, engine)
}

// engine is a container engine with one container, which both outlive it.
func engine(ctx context.Context, dir string, ready func()) error {
	file := filepath.Join(dir, "containers.json")
	e, err := dockertest.Open(file)
	if err == nil && !e.Has("box") {
		err = e.Add("box", map[string]docker.Place{"front": at("10.1.0.7", "fd00::7"), "back": at("10.2.0.7", "")}, nil)
	}
	if err != nil {
		return err
	}
	socket := filepath.Join(dir, "s")
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) { // of one that was killed
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return err
	}
	web := &http.Server{Handler: e, ReadHeaderTimeout: time.Second}
	go func() { <-ctx.Done(); _ = web.Close() }()
	ready()
	return web.Serve(l)
}

func at(v4, v6 string) docker.Place {
	return docker.Place{
		IPAM: &docker.Addresses{IPv4: v4, IPv6: v6}, Aliases: []string{"sink"}, MAC: "02:42:0a:01:00:07",
		DriverOpts: map[string]string{"com.example": "1"},
	}
}

func as(dir string) spec.Target {
	return spec.Target{Container: &spec.Container{Engine: "unix://" + filepath.Join(dir, "s"), Name: "box"}}
}

func driversOf(dir string) map[string]faults.Driver {
	return map[string]faults.Driver{
		stop.Kind: container.End{Kind: stop.Kind, Dir: dir}, kill.Kind: container.End{Kind: kill.Kind, Dir: dir},
		pause.Kind: container.Freeze{Dir: dir}, restartloop.Kind: container.Again{Driver: restartloop.Driver{Dir: dir}}, container.DisconnectKind: container.Disconnect{Dir: dir},
	}
}

func TestDrivers(t *testing.T) {
	dir := t.TempDir()
	for kind, d := range driversOf(dir) {
		f := spec.Fault{Kind: kind}
		if kind == stop.Kind {
			f.With = map[string]string{"grace": "1s"}
		}
		t.Run(kind, func(t *testing.T) {
			faultstest.Run(t, faultstest.Suite{Fault: f, As: as, Lasts: true, New: func() faults.Driver { return d }})
		})
	}
}
