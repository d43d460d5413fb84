package storage_test

import (
	"context"
	"testing"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/faultstest"
	"github.com/k2-platform/faultline/faults/storage"
	"github.com/k2-platform/faultline/spec"
)

func TestMain(m *testing.M) { faultstest.Main(m) }

// TestDriver runs the suite. The table lies in files: it is there, and can be
// mended, when the process that stands for its target is gone.
func TestDriver(t *testing.T) {
	for name, with := range map[string]map[string]string{
		"metadata": {"what": "metadata"}, "data": {"what": "data", "how": "remove", "files": "2"}, "manifest": {"what": "manifest", "how": "flip"},
		"pointer": {"what": "pointer"}, "orphan": {"what": "pointer", "how": "orphan"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			faultstest.Run(t, faultstest.Suite{
				Fault: spec.Fault{Kind: storage.Kind, With: with},
				New:   func() faults.Driver { return storage.Driver{Dir: dir} },
				As:    func(dir string) spec.Target { return made(localLake(dir, "sql")) },
			})
		})
	}
}

func TestDriverOnS3(t *testing.T) {
	endpoint, _ := s3Server(t, nil)
	for how, with := range map[string]map[string]string{"truncate": {"how": "truncate"}, "remove": {"how": "remove"}} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			faultstest.Run(t, faultstest.Suite{
				Fault: spec.Fault{Kind: storage.Kind, With: with},
				New:   func() faults.Driver { return storage.Driver{Dir: dir} },
				As:    func(dir string) spec.Target { return made(s3Lake(dir, endpoint)) },
			})
		})
	}
}

func made(a aLake) spec.Target {
	if err := a.filled(context.Background(), 3); err != nil {
		panic(err)
	}
	return a.target
}
