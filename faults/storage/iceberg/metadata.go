// Package iceberg reads what an Iceberg table says of its own files: metadata,
// manifest lists and manifests, by https://iceberg.apache.org/spec/. It opens
// nothing and reads no rows.
package iceberg

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Metadata is one version of a table.
type Metadata struct {
	UUID      string     `json:"table-uuid"`
	Location  string     `json:"location"`
	Current   *int64     `json:"current-snapshot-id"`
	Snapshots []Snapshot `json:"snapshots"`
	// Log names the versions before this one, the oldest first.
	Log []struct {
		File string `json:"metadata-file"`
	} `json:"metadata-log"`

	SchemaID int      `json:"current-schema-id"`
	Schemas  []schema `json:"schemas"`
	Schema   *schema  `json:"schema"` // as versions 1 of the format may have it alone
}

// Snapshot is one state of a table's rows.
type Snapshot struct {
	ID           int64             `json:"snapshot-id"`
	Parent       *int64            `json:"parent-snapshot-id"`
	ManifestList string            `json:"manifest-list"`
	Summary      map[string]string `json:"summary"`
}

// most bounds what a compressed file unpacks to.
const most = 1 << 30

var errNotTable = errors.New("it is no metadata of a table")

// Parse reads a metadata file, compressed or not.
func Parse(raw []byte) (Metadata, error) {
	raw, err := plain(raw)
	if err != nil {
		return Metadata{}, err
	}
	var m Metadata
	if err := json.Unmarshal(raw, &m); err != nil {
		return Metadata{}, fmt.Errorf("reading metadata: %w", err)
	}
	if m.Location == "" {
		return Metadata{}, fmt.Errorf("reading metadata: %w", errNotTable)
	}
	return m, nil
}

// plain unpacks what begins as gzip does.
func plain(raw []byte) ([]byte, error) {
	if !bytes.HasPrefix(raw, []byte{0x1f, 0x8b}) {
		return raw, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("unpacking metadata: %w", err)
	}
	if raw, err = io.ReadAll(io.LimitReader(z, most)); err != nil {
		return nil, fmt.Errorf("unpacking metadata: %w", err)
	}
	return raw, nil
}

// Head is the current snapshot; false where a table has none.
func (m Metadata) Head() (Snapshot, bool) {
	if m.Current == nil {
		return Snapshot{}, false
	}
	return m.snapshot(*m.Current)
}

func (m Metadata) snapshot(id int64) (Snapshot, bool) {
	for _, s := range m.Snapshots {
		if s.ID == id {
			return s, true
		}
	}
	return Snapshot{}, false
}

// Lineage is the current snapshot, its parent, and so on.
func (m Metadata) Lineage() []Snapshot {
	var out []Snapshot
	for s, ok := m.Head(); ok && len(out) <= len(m.Snapshots); {
		out = append(out, s)
		if s.Parent == nil {
			break
		}
		s, ok = m.snapshot(*s.Parent)
	}
	return out
}

// Older are the files of the versions before this one, the newest first.
func (m Metadata) Older() []string {
	out := make([]string, 0, len(m.Log))
	for _, version := range slices.Backward(m.Log) {
		out = append(out, version.File)
	}
	return out
}
