// Package netns makes sockets and kernel objects in another network namespace
// than that of the process.
package netns

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

const own = "/proc/thread-self/ns/net"

// Namespace is a network namespace that is held open: it lives at least until
// Close, whatever becomes of its path. The zero value is the process's own.
type Namespace struct{ file *os.File }

// Open holds the namespace that is bound to path, such as /run/netns/kafka or
// /proc/PID/ns/net; "" is the process's own.
func Open(path string) (*Namespace, error) {
	if path == "" {
		return &Namespace{}, nil
	}
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("opening network namespace %s: %w; see that it is bound there", path, err)
	}
	return &Namespace{file: f}, nil
}

// ID names the namespace for as long as it lives: two paths of one namespace
// have the same. What is no network namespace is an error.
func (n *Namespace) ID() (string, error) {
	if n.file == nil {
		here, err := Open(own)
		if err != nil {
			return "", err
		}
		id, err := here.ID()
		return id, errors.Join(err, here.Close())
	}
	kind, err := unix.IoctlRetInt(n.Fd(), unix.NS_GET_NSTYPE)
	if err != nil || kind != unix.CLONE_NEWNET {
		return "", fmt.Errorf("%s is no network namespace; write where one is bound, such as /run/netns/kafka", n.file.Name())
	}
	var st unix.Stat_t
	if err := unix.Fstat(n.Fd(), &st); err != nil {
		return "", fmt.Errorf("identifying network namespace %s: %w", n.file.Name(), err)
	}
	return fmt.Sprintf("%d:%d", st.Dev, st.Ino), nil
}

// Fd is valid until Close. 0 is the process's own, as netlink.Config.NetNS
// has it.
func (n *Namespace) Fd() int {
	if n.file == nil {
		return 0
	}
	return int(n.file.Fd())
}

// Close lets the namespace go.
func (n *Namespace) Close() error {
	if n.file == nil {
		return nil
	}
	return n.file.Close()
}

// Do runs f on a thread inside the namespace. What f opens stays inside; what
// it starts in other goroutines does not run there. It needs CAP_SYS_ADMIN
// where the namespace is not the process's own.
func (n *Namespace) Do(f func() error) (err error) {
	if n.file == nil {
		return f() // to enter even the own one needs the capability
	}
	runtime.LockOSThread()
	here, err := os.Open(own)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("opening the own network namespace: %w", err)
	}
	defer func() { err = errors.Join(err, here.Close()) }()
	if err := unix.Setns(n.Fd(), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering network namespace %s: %w; run this as root, or with CAP_SYS_ADMIN", n.file.Name(), err)
	}
	defer func() {
		if back := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); back != nil {
			// The thread stays locked, and so ends with its goroutine: no other one must run on it.
			err = errors.Join(err, fmt.Errorf("returning from network namespace %s: %w", n.file.Name(), back))
			return
		}
		runtime.UnlockOSThread()
	}()
	return f()
}
