package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
)

const maxBody = 16 << 20 // bytes of an answer that are read

// newClient connects afresh each time: a pooled connection would hide a
// listener that is gone, and would need closing.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		Proxy:             http.ProxyFromEnvironment,
	}}
}

// get reads the whole answer to one GET. A status is no error here.
func get(ctx context.Context, client *http.Client, url string, header http.Header) (*http.Response, []byte, error) {
	return ask(ctx, client, url, "", header)
}

// ask is get, or a POST where there is JSON to send.
func ask(ctx context.Context, client *http.Client, url, post string, header http.Header) (_ *http.Response, _ []byte, err error) {
	method, send := http.MethodGet, io.Reader(nil)
	if post != "" {
		method, send = http.MethodPost, strings.NewReader(post)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, send)
	if err != nil {
		return nil, nil, fmt.Errorf("building request: %w", err)
	}
	if post != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(req.Header, header)
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, err // *url.Error says the method and the URL
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return resp, nil, fmt.Errorf("reading answer of %s: %w", url, err)
	}
	if len(body) > maxBody {
		return resp, nil, fmt.Errorf("reading answer of %s: more than %d bytes", url, maxBody)
	}
	return resp, body, nil
}
