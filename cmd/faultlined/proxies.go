package main

import (
	"cmp"
	"fmt"
	"net"
	"net/url"

	"github.com/k2-platform/faultline/internal/settings"
	"github.com/k2-platform/faultline/sandbox"
	"github.com/k2-platform/faultline/sandbox/store"
)

// proxyCommand begins the command line of the Kafka proxy, with the settings
// that name the log for its ground truth.
func proxyCommand(f serviceLake) ([]string, error) {
	light, err := findLight()
	if err != nil {
		return nil, err
	}
	config, err := f.settingsFile()
	if err != nil || config == "" {
		return []string{light, sandbox.ProxyName}, err
	}
	return []string{light, sandbox.ProxyName, "--config", config}, nil
}

// linkCommand begins the command line of the link proxy, and says where the
// store is that the links lead to: one that the lake names, or "", the
// sandbox's own, where the tables are then.
func linkCommand(f *serviceLake, home string) (argv []string, storeAt string, err error) {
	s, err := f.settings(home)
	if err != nil {
		return nil, "", err
	}
	if storeAt, err = linkedStore(s.Lake); err != nil {
		return nil, "", err
	}
	if storeAt == "" {
		f.set.Warehouse = ownStore
	}
	light, err := findLight()
	if err != nil {
		return nil, "", err
	}
	return []string{light, "link-proxy"}, storeAt, nil
}

// linkedStore is the address of the store that a lake names; "" where its
// tables can be in the sandbox's own.
func linkedStore(l settings.Lake) (string, error) {
	endpoint := l.Properties[store.Endpoint]
	if endpoint == "" {
		if l.Warehouse != "" && l.Warehouse != ownStore || l.Kind != "" && l.Kind != "sql" {
			return "", fmt.Errorf("--links lead to an S3 store, and the tables are said to be in %s catalog %s, warehouse %s; name its store with --lake-property %s=http://HOST:PORT, or leave the lake out and have the sandbox's own",
				l.Kind, l.URI, l.Warehouse, store.Endpoint)
		}
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" {
		return "", fmt.Errorf("--links: the store is said to be at %q, and links speak plain HTTP; name it as http://HOST:PORT, or break the way to it as a network target", endpoint)
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")), nil
}
