package service

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Ports below the kernel's ephemeral range: a port of that range could be
// taken by any outgoing connection while its service is down.
const (
	firstPort = 20_000
	lastPort  = 32_000
)

// FreeAddr names a loopback address that was free a moment ago.
func FreeAddr(ctx context.Context) (string, error) {
	l, err := listen(ctx, "")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// FreePorts names the first of n loopback ports in a row that were free a
// moment ago.
func FreePorts(ctx context.Context, n int) (first int, err error) {
	for range 100 {
		first = firstPort + rand.IntN(lastPort-firstPort-n) //nolint:gosec // any free ones will do
		if err = free(ctx, first, n); err == nil {
			return first, nil
		}
	}
	return 0, fmt.Errorf("finding %d free loopback ports in a row: %w", n, err)
}

func free(ctx context.Context, first, n int) error {
	for port := first; port < first+n; port++ {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			err = l.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// listen takes an address, or any free one of the range if it is "". A known
// address is waited for: the process before may be on its way out.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	var cfg net.ListenConfig
	if addr != "" {
		for attempt := 0; ; attempt++ {
			l, err := cfg.Listen(ctx, "tcp", addr)
			if err == nil || !errors.Is(err, syscall.EADDRINUSE) || attempt == 20 {
				return l, err
			}
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	var last error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // any free port will do
		l, err := cfg.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return l, nil
		}
		last = err
	}
	return nil, fmt.Errorf("finding a free loopback port: %w", last)
}

// URL is where a server answers that is named by its URL, or by host:port.
func URL(addr string) string {
	if strings.Contains(addr, "://") {
		return addr
	}
	return "http://" + addr
}
