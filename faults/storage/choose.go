package storage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/k2-platform/faultline/faults"
	"github.com/k2-platform/faultline/faults/storage/iceberg"
	"github.com/k2-platform/faultline/faults/storage/object"
)

const (
	mostMetadata = 1 << 30 // bytes of one metadata file
	enough       = 256     // files to choose from, besides those that are asked for
)

// choose names the objects that are to be broken. Metadata and manifest lists
// are taken from the newest on, manifests and data files by the seed.
func (a asked) choose(ctx context.Context, s object.Store, current string, m iceberg.Metadata) ([]string, error) {
	head, ok := m.Head()
	if !ok && a.what != metadata {
		return nil, fmt.Errorf("%w: the table is empty, it has no snapshot and so no %s; write rows first, or break its metadata", faults.ErrRefused, a.what)
	}
	var all []string
	var err error
	switch a.what {
	case metadata:
		all = append([]string{current}, m.Older()...)
	case manifestList:
		for _, snapshot := range m.Lineage() {
			all = append(all, snapshot.ManifestList)
		}
	case manifest:
		all, err = a.manifests(ctx, s, head)
	case data:
		all, err = a.data(ctx, s, head)
	}
	if err != nil {
		return nil, err
	}
	if len(all) < a.files {
		return nil, fmt.Errorf("%w: the table has %d of %s and not %d; write files: %d at most", faults.ErrRefused, len(all), a.what, a.files, len(all))
	}
	return all[:a.files], nil
}

func (a asked) manifests(ctx context.Context, s object.Store, head iceberg.Snapshot) ([]string, error) {
	if head.ManifestList == "" {
		return nil, fmt.Errorf("%w: snapshot %d names its manifests itself, as tables of version 1 may; break its metadata or data", faults.ErrRefused, head.ID)
	}
	r, _, err := s.Read(ctx, head.ManifestList)
	if err != nil {
		return nil, fmt.Errorf("reading the manifest list: %w", err)
	}
	all, err := iceberg.Manifests(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("reading %s: %w", head.ManifestList, err)
	}
	return a.shuffled(all), nil
}

// data reads manifests until there is enough to choose from.
func (a asked) data(ctx context.Context, s object.Store, head iceberg.Snapshot) ([]string, error) {
	manifests, err := a.manifests(ctx, s, head)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, at := range manifests {
		r, _, err := s.Read(ctx, at)
		if err != nil {
			return nil, fmt.Errorf("reading a manifest: %w", err)
		}
		files, err := iceberg.Files(r)
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, fmt.Errorf("reading %s: %w", at, err)
		}
		if all = append(all, files...); len(all) >= a.files+enough {
			break
		}
	}
	return a.shuffled(all), nil
}

func (a asked) shuffled(all []string) []string {
	pick := rand.New(rand.NewPCG(a.seed, 0)) //nolint:gosec // it is to be the same again
	pick.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
