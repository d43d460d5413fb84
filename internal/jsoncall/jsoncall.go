// Package jsoncall makes one call of an API that speaks JSON over HTTP, and
// says in {"message": …} why it refuses one. What is asked is its callers' part.
package jsoncall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// ErrNoAnswer says that the API was not reached, or did not say all.
var ErrNoAnswer = errors.New("no answer came")

// Refusal is an answer whose status is none of success, in the API's words.
type Refusal struct {
	Status  int
	Message string
}

// Error implements error.
func (r *Refusal) Error() string { return fmt.Sprintf("%d: %s", r.Status, r.Message) }

// longestAnswer is far more than what is asked for here has to say.
const longestAnswer = 64 << 20

// Do sends in as JSON and reads out from the answer, where they are not nil.
// token, if not empty, says who asks. What is refused is a Refusal.
func Do(ctx context.Context, client *http.Client, token, method, url string, in, out any) (err error) {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("%w: reading it: %w", ErrNoAnswer, err)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return &Refusal{res.StatusCode, message(raw, res.Status)}
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("reading its answer: %w", err)
	}
	return nil
}

func message(raw []byte, otherwise string) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(raw, &said) == nil && said.Message != "" {
		return said.Message
	}
	return otherwise
}
