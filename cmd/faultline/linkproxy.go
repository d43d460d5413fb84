package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/linkproxy"
	"github.com/k2-platform/faultline/faults/linkproxy/relay"
	"github.com/k2-platform/faultline/faults/linkproxy/rule"
	"github.com/k2-platform/faultline/ledger"
)

// linkFlags are what a link proxy is told.
type linkFlags struct {
	links          []string
	maxConnections int
	controlFlags
}

func linkProxyCommand(w *where) *cobra.Command {
	var f linkFlags
	cmd := &cobra.Command{
		Use: "link-proxy", Short: "A proxy between parts of a platform that faults are injected into", Args: cobra.NoArgs,
		Long: "Listens for each link, and passes what comes on to the link's other end, unread. Point a service at the\n" +
			"link's address in the place of the other service's. Faults change while connections stay open; only\n" +
			"those of the link that a fault names notice. Of a link with http, faults may select requests of HTTP/1;\n" +
			"they are passed on byte for byte, so that signatures of S3 stay valid. TLS passes, as bytes.\n" +
			"Faults come from an experiment, by the control socket, or with --fault for as long as the proxy runs.\n" +
			"Runs until it is interrupted. Prints one line once it is ready; --record tells the addresses to programs.",
		Example: "  faultline link-proxy --link name=sink-to-store,listen=127.0.0.1:9001,to=127.0.0.1:9000,http \\\n" +
			"    --link name=query-to-store,to=127.0.0.1:9000,http --record links.json\n" +
			"  faultline link-proxy --link name=db,to=10.0.0.5:5432 --fault 'network.delay link=db delay=200ms'",
		RunE: func(cmd *cobra.Command, _ []string) error { return w.linkProxy(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.links, "link", nil, "a link: its name, where it listens (any free port of 127.0.0.1 if not said), where it goes, and http where requests are to be told apart, by comma; may repeat")
	flags.IntVar(&f.maxConnections, "max-connections", 0, "connections at once, of all links; default 4096")
	f.add(flags, "folder of its socket where --control names no other; default link-proxy in the state folder")
	p := linkProxy()
	cmd.AddCommand(p.statusCommand(w), p.faultsCommand())
	return cmd
}

func linkProxy() proxyOf {
	return proxyOf{
		command: "link-proxy", title: "a link proxy", kinds: linkproxy.Kinds,
		state: func(home string) string { return filepath.Join(home, "link-proxy") },
	}
}

func (w *where) linkProxy(cmd *cobra.Command, f linkFlags) error {
	signal.Ignore(syscall.SIGPIPE) // whoever started it may be gone: clients are not
	s, err := w.settings()
	if err != nil {
		return err
	}
	config := relay.Config{MaxConnections: f.maxConnections, Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))}
	for _, text := range f.links {
		l, err := relay.ParseLink(text)
		if err != nil {
			return err
		}
		config.Links = append(config.Links, l)
	}
	proxy, err := relay.New(config)
	if err != nil {
		return err
	}
	state := cmp.Or(f.state, linkProxy().state(s.Home))
	at, err := f.ready(cmd.Context(), proxy, s.Home, state)
	if err != nil {
		return errors.Join(err, proxy.Close())
	}
	desk, err := f.desk(proxy, config.Log)
	if err != nil {
		return errors.Join(err, at.Close(), proxy.Close())
	}
	return f.serve(cmd.Context(), proxy, desk, at, cmd.OutOrStdout())
}

func (f linkFlags) ready(ctx context.Context, proxy *relay.Proxy, home, state string) (controlListener, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return controlListener{}, fmt.Errorf("making the folder of the proxy's socket: %w; name another with --state", err)
	}
	at, err := f.hear(ctx, home, state)
	if err != nil {
		return at, err
	}
	addrs := proxy.Addrs()
	first := addrs[slices.Min(slices.Collect(maps.Keys(addrs)))]
	if err := f.writeRecord("link-proxy", first, addrs); err != nil {
		return at, errors.Join(err, at.Close())
	}
	return at, nil
}

func (f linkFlags) desk(proxy *relay.Proxy, log *slog.Logger) (*control.Desk[rule.Rule], error) {
	boot, err := ledger.BootID()
	if err != nil {
		return nil, err
	}
	d := control.New(control.Config[rule.Rule]{Name: "link-proxy", Read: proxy.Read, Engine: proxy, BootID: boot, Log: log})
	for _, text := range f.faults {
		if err := d.Static(text); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// serve runs the proxy until ctx ends, or a part fails.
func (f linkFlags) serve(ctx context.Context, proxy *relay.Proxy, desk *control.Desk[rule.Rule], at controlListener, out io.Writer) error {
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return proxy.Run(ctx) })
	work.Go(func() error { return control.Serve(ctx, at, desk, at.token) })
	work.Go(func() error {
		desk.Run(ctx)
		return nil
	})
	addrs, links := proxy.Addrs(), []string{}
	for _, name := range slices.Sorted(maps.Keys(addrs)) {
		links = append(links, name+" "+addrs[name])
	}
	fmt.Fprintf(out, "link-proxy is ready, control: %s, links: %s\n", at.address, strings.Join(links, ", ")) //nolint:errcheck // whoever does not read it need not know
	return work.Wait()
}
