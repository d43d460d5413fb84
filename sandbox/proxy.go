package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/service"
)

// ProxyName is the Kafka proxy's name in records and reports.
const ProxyName = "kafka-proxy"

// proxyPorts is how many ports the proxy has: one to bootstrap at, the others
// by the ids of brokers.
const proxyPorts = 17

// ProxyControl is where the proxy of a home folder takes its faults.
func ProxyControl(home string) string {
	return "unix://" + filepath.Join(service.Dir(home), ProxyName+".sock")
}

// checkProxy refuses a home whose path is too long for a socket below it.
func checkProxy(home string) error {
	if err := control.Check(ProxyControl(home)); err != nil {
		return fmt.Errorf("the Kafka proxy takes its faults at a socket below the state folder: %w; choose a folder with a shorter path", err)
	}
	return nil
}

// proxyCommand is the command line of the Kafka proxy. Its state is below the
// sandbox's folder; home is where it looks for the log that its ground truth
// goes to. It listens where its last life did: clients know no other place.
func (c Config) proxyCommand(ctx context.Context, at Addresses) ([]string, error) {
	record := service.RecordPath(c.Home, ProxyName)
	first, err := proxyPort(ctx, record)
	if err != nil {
		return nil, err
	}
	argv := append([]string{}, c.Proxy...)
	return append(argv,
		"--home", c.Home, "--state", service.Dir(c.Home), "--record", record, "--control", ProxyControl(c.Home),
		"--brokers", at.Kafka, "--registry", service.URL(at.Registry),
		"--listen", net.JoinHostPort("127.0.0.1", strconv.Itoa(first)), "--ports", fmt.Sprintf("%d-%d", first+1, first+proxyPorts-1),
	), nil
}

func proxyPort(ctx context.Context, record string) (int, error) {
	last, err := process.Read(record)
	if errors.Is(err, os.ErrNotExist) {
		return service.FreePorts(ctx, proxyPorts)
	}
	if err != nil {
		return 0, err
	}
	_, port, err := net.SplitHostPort(last.Addr)
	if err != nil {
		return 0, fmt.Errorf("finding where the Kafka proxy listened: %s names no address: %w; delete it", record, err)
	}
	return strconv.Atoi(port)
}

// askProxy says whether a proxy takes connections. It serves its control
// from before it does.
func askProxy(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return c.Close()
}
