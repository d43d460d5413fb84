package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/k2-platform/faultline/spec"
)

const (
	answerWithin  = 15 * time.Second
	longestAnswer = 64 << 20 // it holds the table's metadata
	levels        = "\x1f"   // between the levels of a namespace
)

// overREST asks a catalog by Iceberg's REST API:
// https://github.com/apache/iceberg/blob/main/open-api/rest-catalog-open-api.yaml.
// It is no Mover: the API has no way to set a pointer only if it is another.
type overREST struct {
	base, token string
	client      *http.Client
}

var _ Catalog = (*overREST)(nil)

func openREST(ctx context.Context, c spec.Catalog) (Catalog, error) {
	out := &overREST{
		base:   strings.TrimSuffix(strings.TrimSuffix(c.URI, "/"), "/v1") + "/v1",
		client: &http.Client{Timeout: answerWithin, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}},
	}
	if c.TokenFile != "" {
		token, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("reading the catalog's token: %w", err)
		}
		out.token = strings.TrimSpace(string(token))
	}
	var config struct{ Defaults, Overrides map[string]string }
	at := "/config"
	if c.Warehouse != "" {
		at += "?" + url.Values{"warehouse": {c.Warehouse}}.Encode()
	}
	if err := out.get(ctx, at, &config); err != nil {
		return nil, errors.Join(err, out.Close())
	}
	if prefix := cmp.Or(config.Overrides["prefix"], config.Defaults["prefix"]); prefix != "" {
		out.base += "/" + strings.Trim(prefix, "/")
	}
	return out, nil
}

// Close implements Catalog.
func (c *overREST) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// Pointer implements Catalog.
func (c *overREST) Pointer(ctx context.Context, namespace, name string) (string, error) {
	var table struct {
		At string `json:"metadata-location"`
	}
	err := c.get(ctx, "/namespaces/"+url.PathEscape(strings.ReplaceAll(namespace, ".", levels))+"/tables/"+url.PathEscape(name), &table)
	if err == nil && table.At == "" {
		err = errors.New("the catalog names no metadata file")
	}
	if err != nil {
		return "", fmt.Errorf("looking up %s.%s: %w", namespace, name, err)
	}
	return table.At, nil
}

func (c *overREST) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return fmt.Errorf("asking the catalog: %w", err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking the catalog: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("asking the catalog: %w", err)
	}
	if res.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%w: %s", ErrNoTable, said(body))
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the catalog answers %s: %s", res.Status, said(body))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("reading what the catalog answers: %w", err)
	}
	return nil
}

// said is the message of an answer that is no good one.
func said(body []byte) string {
	var e struct{ Error struct{ Message string } }
	if json.Unmarshal(body, &e) == nil && e.Error.Message != "" {
		return e.Error.Message
	}
	return string(body[:min(len(body), 200)])
}
