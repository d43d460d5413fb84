package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
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
func get(ctx context.Context, client *http.Client, url string, header http.Header) (_ *http.Response, _ []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("building request: %w", err)
	}
	maps.Copy(req.Header, header)
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, err // *url.Error says GET and the URL
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
