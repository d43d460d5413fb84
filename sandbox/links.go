package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/internal/process"
	"github.com/k2-platform/faultline/sandbox/k2"
	"github.com/k2-platform/faultline/sandbox/service"
	"github.com/k2-platform/faultline/sandbox/store"
)

// LinksName is the link proxy's name in records and reports.
const LinksName = "links"

// LinksControl is where the link proxy of a home folder takes its faults.
func LinksControl(home string) string {
	return "unix://" + filepath.Join(service.Dir(home), LinksName+".sock")
}

func checkLinks(c Config) error {
	var problems []error
	if !c.Store && c.StoreAt == "" {
		problems = append(problems, errors.New("links lead to the store, which was not asked for"))
	}
	if err := control.Check(LinksControl(c.Home)); err != nil {
		problems = append(problems, fmt.Errorf("the link proxy takes its faults at a socket below the state folder: %w; choose a folder with a shorter path", err))
	}
	return errors.Join(problems...)
}

// linksCommand is the command line of the link proxy. It listens where its
// last life did: clients know no other place.
func (c Config) linksCommand(ctx context.Context, at Addresses) ([]string, error) {
	record := service.RecordPath(c.Home, LinksName)
	last, err := process.Read(record)
	if err != nil && !errors.Is(err, process.ErrNoRecord) {
		return nil, err
	}
	listen := last.Addrs
	if listen[k2.SinkStoreLink] == "" || listen[k2.QueryStoreLink] == "" {
		first, err := service.FreePorts(ctx, 2)
		if err != nil {
			return nil, err
		}
		listen = map[string]string{k2.SinkStoreLink: loopback(first), k2.QueryStoreLink: loopback(first + 1)}
	}
	argv := append(append([]string{}, c.Links...),
		"--home", c.Home, "--state", service.Dir(c.Home), "--record", record, "--control", LinksControl(c.Home))
	for _, name := range []string{k2.SinkStoreLink, k2.QueryStoreLink} {
		argv = append(argv, "--link", fmt.Sprintf("name=%s,listen=%s,to=%s,http", name, listen[name], at.Store))
	}
	return argv, nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// over is what leads a service to the store through its link; nothing where
// there are no links.
func (a Addresses) over(link string) []string {
	at := a.Links[link]
	if at == "" {
		return nil
	}
	return []string{"--lake-property", store.Endpoint + "=http://" + at}
}
