package running

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

const answerWithin = 2 * time.Second

// well asks the target's health once; nil is healthy, or has none.
func (t Target) well(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if t.HTTP != "" {
		return answers(ctx, t.HTTP)
	}
	if t.TCP == "" {
		return nil
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", t.TCP)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", t.TCP, err)
	}
	if err := conn.Close(); err != nil {
		return fmt.Errorf("connecting to %s: %w", t.TCP, err)
	}
	return nil
}

func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	// A connection of its own: one kept from before would be asked of a
	// process that is gone, and would outlive the question.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	if err := res.Body.Close(); err != nil {
		return fmt.Errorf("asking for health: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for health: %s says %s", url, res.Status)
	}
	return nil
}
