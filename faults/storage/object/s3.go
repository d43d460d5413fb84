package object

import (
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/k2-platform/faultline/spec"
)

const (
	defaultRegion = "us-east-1"
	answerWithin  = 15 * time.Second // a store's first byte
	longestAnswer = 64 << 10         // of an error
)

// s3 is an object store by its HTTP API: GET, PUT and DELETE, path-style.
type s3 struct {
	endpoint, region string
	keys             keys
	client           *http.Client
}

var _ Store = (*s3)(nil)

func newS3(s spec.ObjectStore) (*s3, error) {
	k, err := findKeys(s.CredentialsFile)
	if err != nil {
		return nil, err
	}
	region := cmp.Or(s.Region, defaultRegion)
	return &s3{
		endpoint: strings.TrimSuffix(cmp.Or(s.Endpoint, "https://s3."+region+".amazonaws.com"), "/"), region: region, keys: k,
		client: &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: answerWithin / 3}).DialContext,
			TLSHandshakeTimeout: answerWithin / 3, ResponseHeaderTimeout: answerWithin,
		}},
	}, nil
}

func (s *s3) Close() { s.client.CloseIdleConnections() }

// Sweep implements Store: a PUT leaves all or nothing.
func (*s3) Sweep(context.Context, []string) error { return nil }

// Read implements Store.
func (s *s3) Read(ctx context.Context, location string) (io.ReadCloser, Info, error) {
	res, err := s.do(ctx, request{method: http.MethodGet, location: location})
	if err != nil {
		return nil, Info{}, err
	}
	info := Info{Size: res.ContentLength, Headers: kept(res.Header), tag: res.Header.Get("ETag")}
	return res.Body, info, nil
}

// kept are the headers that an object is written with again.
func kept(h http.Header) map[string]string {
	out := map[string]string{}
	for name, values := range h {
		lower := strings.ToLower(name)
		switch lower {
		case "content-type", "cache-control", "content-disposition", "content-encoding", "content-language":
			out[lower] = values[0]
		}
		if strings.HasPrefix(lower, "x-amz-meta-") {
			out[lower] = values[0]
		}
	}
	return out
}

// Nowhere implements Store: that a bucket is gone is seen by writing alone.
func (*s3) Nowhere(string) bool { return false }

// Swap implements Store, by the conditions that S3 puts on a PUT: If-Match, or
// If-None-Match for what is not there. A store that does not know them is
// asked what it has just before. What is to be removed is first written as it
// is: who may not write could not put it back.
func (s *s3) Swap(ctx context.Context, location string, from, to Content) error {
	is, info, err := Look(ctx, s, location)
	switch {
	case err != nil || is == to.Form:
		return err
	case is != from.Form:
		return fmt.Errorf("%s: %w", location, ErrChanged)
	case to.Gone():
		return s.remove(ctx, location, from, info)
	}
	condition := map[string]string{"if-none-match": "*"}
	if !from.Gone() {
		condition = map[string]string{"if-match": info.tag}
	}
	return s.put(ctx, location, to, condition)
}

func (s *s3) put(ctx context.Context, location string, to Content, condition map[string]string) error {
	body, err := to.Open()
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // it is only read
	res, err := s.do(ctx, request{method: http.MethodPut, location: location, body: body, form: to.Form, headers: []map[string]string{to.Headers, condition}})
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func (s *s3) remove(ctx context.Context, location string, from Content, info Info) error {
	same := Content{Form: from.Form, Headers: info.Headers, Open: from.Open}
	if err := s.put(ctx, location, same, map[string]string{"if-match": info.tag}); err != nil {
		return fmt.Errorf("trying whether it could be put back: %w", err)
	}
	res, err := s.do(ctx, request{method: http.MethodDelete, location: location, headers: []map[string]string{{"if-match": info.tag}}})
	if err != nil {
		return err
	}
	return res.Body.Close()
}

type request struct {
	method, location string
	body             io.Reader
	form             Form // of the body
	headers          []map[string]string
}

// do asks the store and gives its answer where that is a good one.
func (s *s3) do(ctx context.Context, r request) (*http.Response, error) {
	_, rest, _ := strings.Cut(r.location, "://")
	u, err := url.Parse(s.endpoint)
	if err != nil {
		return nil, fmt.Errorf("finding the store: %w", err)
	}
	u.Path, u.RawPath = "/"+rest, "/"+escape(rest)
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), r.body)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", r.location, err)
	}
	for _, headers := range r.headers {
		for name, value := range headers {
			req.Header.Set(name, value)
		}
	}
	req.Header.Set("Accept-Encoding", "identity") // else the bytes are not those of the object
	req.ContentLength = r.form.Size
	if r.body != nil && r.form.Size == 0 {
		req.Body = http.NoBody
	}
	sign(req, s.keys, s.region, cmp.Or(r.form.SHA256, emptyHash), time.Now())
	res, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking the store for %s: %w", r.location, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	return nil, fmt.Errorf("%s %s: %w", r.method, r.location, errors.Join(answer(res), res.Body.Close()))
}

// answer reads what a store says that does not do it.
func answer(res *http.Response) error {
	var said struct{ Code, Message string }
	_ = xml.NewDecoder(io.LimitReader(res.Body, longestAnswer)).Decode(&said) // the status says enough
	err := fmt.Errorf("the store answers %s %s", res.Status, strings.TrimSpace(said.Code+" "+said.Message))
	switch res.StatusCode {
	case http.StatusNotFound:
		return fmt.Errorf("%w: %w", ErrNone, err)
	case http.StatusPreconditionFailed, http.StatusConflict:
		return fmt.Errorf("%w: %w", ErrChanged, err)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}
