package embedded

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// natsStart bounds the start of an embedded NATS server.
const natsStart = 10 * time.Second

// NATSConfig of an embedded server. The zero value is a server on a free
// loopback port without JetStream.
type NATSConfig struct {
	Dir  string // turns JetStream on and keeps its streams there
	Addr string // "127.0.0.1:port", or another address of loopback; default a free one
	// Prefix of the subjects that the roles may use; empty lets anybody in.
	// With one only the holders of the keys below Dir are, see halt.KeyFile.
	Prefix string
}

// NATS is a running embedded server.
type NATS struct {
	server *server.Server
	close  sync.Once
}

// StartNATS starts a server and returns once it takes connections.
func StartNATS(cfg NATSConfig) (*NATS, error) {
	host, port := "127.0.0.1", 0
	if cfg.Addr != "" {
		var err error
		if host, port, err = hostPort(cfg.Addr, false); err != nil {
			return nil, fmt.Errorf("starting embedded nats: %w", err)
		}
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	if cfg.Dir != "" {
		if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("making the embedded nats server's directory: %w", err)
		}
	}
	opts := &server.Options{
		ServerName: "faultline", Host: host, Port: port,
		NoSigs: true, NoLog: true, NoSystemAccount: cfg.Dir == "",
		// A report that was taken is on disk, not on its way there.
		JetStream: cfg.Dir != "", StoreDir: cfg.Dir, SyncAlways: true,
	}
	var err error
	if cfg.Prefix != "" {
		if opts.Nkeys, err = users(cfg.Dir, cfg.Prefix); err != nil {
			return nil, fmt.Errorf("configuring embedded nats: %w", err)
		}
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("configuring embedded nats: %w", err)
	}
	go s.Start()
	if !s.ReadyForConnections(natsStart) {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, errors.New("starting embedded nats on " + cfg.Addr + ": it takes no connections: is the port in use?")
	}
	return &NATS{server: s}, nil
}

// URL is what a client connects to.
func (n *NATS) URL() string { return n.server.ClientURL() }

// Close stops the server and waits for it. It is idempotent.
func (n *NATS) Close() error {
	n.close.Do(func() {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	})
	return nil
}
