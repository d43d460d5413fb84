package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/k2-platform/faultline/internal/process"
)

// SocketFile is the proxy's socket in its state folder.
const SocketFile = "control.sock"

const (
	unixScheme = "unix://"
	httpScheme = "http://"
)

// Address is where a proxy with a state folder is asked if it is told no
// other.
func Address(home string) (string, error) {
	path, err := filepath.Abs(filepath.Join(home, SocketFile))
	if err != nil {
		return "", fmt.Errorf("naming the control socket: %w", err)
	}
	return unixScheme + path, nil
}

// Check says what is wrong with an address that Listen would take, as it
// would.
func Check(address string) error {
	_, _, err := where(address)
	return err
}

// Listen takes an address: unix:///path, which its owner alone may open, or
// http://host:port on the loopback, which asks for a token. Another proxy that
// listens there is an error; what a dead one left is replaced.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	network, at, err := where(address)
	var l net.Listener
	switch {
	case err != nil:
	case network == "unix":
		l, err = listenUnix(ctx, at)
	default:
		l, err = (&net.ListenConfig{}).Listen(ctx, network, at)
	}
	if err != nil {
		return nil, fmt.Errorf("listening for faults at %s: %w", address, err)
	}
	return l, nil
}

// listenUnix holds the claim of the socket as long as it listens: what is
// there when it has it, nobody listens on.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	release, err := process.Claim(path+".lock", fmt.Sprintf("the proxy with pid %d", os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("%w; end it, or name another state folder", err)
	}
	l, err := bind(ctx, path)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return claimed{l, release}, nil
}

func bind(ctx context.Context, path string) (net.Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if err := os.Remove(path); err != nil { // of a proxy that died
			return nil, err
		}
	}
	// The mode is that of the socket before it has a name: there is no moment in
	// which others may open it.
	private := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var mode error
		err := c.Control(func(fd uintptr) { mode = syscall.Fchmod(int(fd), 0o600) })
		return errors.Join(err, mode)
	}}
	return private.Listen(ctx, "unix", path)
}

// claimed is a listener that lets its claim go when it is closed.
type claimed struct {
	net.Listener
	release func() error
}

func (c claimed) Close() error { return errors.Join(c.Listener.Close(), c.release()) }

// where reads an address.
func where(address string) (network, at string, err error) {
	if path, ok := strings.CutPrefix(address, unixScheme); ok {
		const longest = 107 // sun_path of unix(7), and a zero
		if !filepath.IsAbs(path) || len(path) > longest {
			return "", "", fmt.Errorf("%q: write unix:// and a path from the root of at most %d bytes", address, longest)
		}
		return "unix", path, nil
	}
	at, ok := strings.CutPrefix(address, httpScheme)
	at = strings.TrimSuffix(at, "/")
	host, _, err := net.SplitHostPort(at)
	if !ok || err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
		return "", "", fmt.Errorf("%q: write unix:///path of a socket, or http://127.0.0.1:port: a proxy is asked from its own machine", address)
	}
	return "tcp", at, nil
}
