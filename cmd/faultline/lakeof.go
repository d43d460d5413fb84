package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/spec"
)

// keysFile is where the keys of the settings' own lake are for who rolls back:
// receipts hold none.
const keysFile = "lake-credentials"

// ownStore is what the settings call the store of the sandbox, which says its
// address in a record below the state folder.
const ownStore = "store"

// lakeOf is the pipeline's own lake as tables without a catalog are broken in
// it. Keys in the settings are written to a file of the state folder's owner.
func lakeOf(s settings.Settings) (spec.Catalog, error) {
	l := s.LakeOrDefault()
	c := spec.Catalog{Kind: l.Kind, Name: l.Name, URI: l.URI, Warehouse: l.Warehouse, Store: spec.ObjectStore{
		Endpoint: l.Properties["s3.endpoint"], Region: l.Properties["s3.region"],
	}}
	if l.Warehouse == ownStore && c.Store.Endpoint == "" {
		if at, err := process.Read(filepath.Join(s.Home, "sandbox", ownStore+".json")); err == nil {
			c.Store.Endpoint = "http://" + at.Addr
		}
	}
	id, secret := l.Properties["s3.access-key-id"], l.Properties["s3.secret-access-key"]
	if id == "" || secret == "" {
		return c, nil
	}
	var text strings.Builder
	fmt.Fprintf(&text, "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", id, secret)
	if token := l.Properties["s3.session-token"]; token != "" {
		fmt.Fprintf(&text, "aws_session_token = %s\n", token)
	}
	c.Store.CredentialsFile = filepath.Join(s.Home, keysFile)
	if now, err := os.ReadFile(c.Store.CredentialsFile); err == nil && string(now) == text.String() {
		return c, nil
	}
	if err := process.WriteFile(c.Store.CredentialsFile, []byte(text.String()), 0o600); err != nil {
		return c, fmt.Errorf("keeping the keys of the lake for who rolls back: %w", err)
	}
	return c, nil
}
