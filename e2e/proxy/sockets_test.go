//go:build e2e

package proxy_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// watchSockets looks again and again at whom a process has TCP connections to.
// The returned function ends it and gives all that it saw.
func watchSockets(pid int) func() map[string]bool {
	stop, seen := make(chan struct{}), map[string]bool{}
	var looking sync.WaitGroup
	looking.Go(func() {
		for beat := time.NewTicker(20 * time.Millisecond); ; {
			peers(pid, seen)
			select {
			case <-beat.C:
			case <-stop:
				beat.Stop()
				return
			}
		}
	})
	return func() map[string]bool {
		close(stop)
		looking.Wait()
		return seen
	}
}

// peers adds the remote ends of a process's connections.
func peers(pid int, seen map[string]bool) {
	own := map[string]bool{}
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, f := range files {
		to, _ := os.Readlink(f)
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			// sl local remote state queues timer retransmits uid timeout inode
			f := strings.Fields(lines.Text())
			if len(f) > 9 && own[f[9]] && f[3] != "0A" { // it does not listen
				seen[remote(f[2])] = true
			}
		}
	}
}

// remote reads an address as /proc writes it: words of four bytes in the order
// of the machine, a colon and the port.
func remote(s string) string {
	host, port, _ := strings.Cut(s, ":")
	ip, _ := hex.DecodeString(host)
	for i := 0; i+4 <= len(ip); i += 4 {
		binary.BigEndian.PutUint32(ip[i:], binary.NativeEndian.Uint32(ip[i:]))
	}
	var n uint16
	_, _ = fmt.Sscanf(port, "%x", &n)
	return (&net.TCPAddr{IP: ip, Port: int(n)}).String()
}

// syncBuffer may be written to while it is read.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// lines are the whole ones from a byte on.
func (s *syncBuffer) lines(from int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := s.b.Bytes()[from:]
	return string(rest[:bytes.LastIndexByte(rest, '\n')+1])
}
