package chaostest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/k2-platform/faultline/spec"
)

// compatible asks a registry whether its level lets a schema be the next version
// of the subject, by Confluent's API.
func compatible(ctx context.Context, r spec.Registry, schema string) (_ bool, err error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	body, err := json.Marshal(map[string]string{"schema": schema})
	if err != nil {
		return false, err
	}
	call, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+"/compatibility/subjects/"+url.PathEscape(r.Subject)+"/versions/latest", bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	call.Header.Set("Content-Type", "application/vnd.schemaregistry.v1+json")
	resp, err := http.DefaultClient.Do(call)
	if err != nil {
		return false, fmt.Errorf("asking the registry about a schema of %s: %w; does it run?", r.Subject, err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return false, err
	}
	var out struct {
		Fits *bool `json:"is_compatible"`
	}
	if err := json.Unmarshal(text, &out); err != nil || out.Fits == nil {
		return false, fmt.Errorf("asking the registry about a schema of %s: %w: %s: %s", r.Subject, ErrRefused, resp.Status, text)
	}
	return *out.Fits, nil
}
