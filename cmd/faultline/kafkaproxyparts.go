package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
)

// proxyParts run together.
type proxyParts struct {
	config    relay.Config
	desk      *control.Desk[rule.Rule]
	publisher *truth.Publisher
	home      string // has the token
	state     string // has the socket
	out       io.Writer
}

// serve runs the proxy until ctx ends, or a part fails. Ground truth is
// published until the faults are lifted, and a while longer.
func (f proxyFlags) serve(ctx context.Context, p proxyParts) error {
	at, err := f.hear(ctx, p.home, p.state)
	if err != nil {
		return err
	}
	proxy, err := relay.New(p.config)
	if err != nil {
		return errors.Join(err, at.Close())
	}
	work, ctx := errgroup.WithContext(ctx)
	published, last := context.WithCancel(context.WithoutCancel(ctx))
	defer last()
	publishing := make(chan error, 1)
	go func() { publishing <- p.publisher.Run(published) }()
	work.Go(func() error { return proxy.Run(ctx) })
	work.Go(func() error { return control.Serve(ctx, at, p.desk, at.token) })
	work.Go(func() error {
		p.desk.Run(ctx)
		return nil
	})
	clients := proxy.Addr()
	recorded := f.writeRecord("kafka-proxy", clients, nil)
	work.Go(func() error { return recorded }) // without it the others end
	switch {
	case f.redirect != "":
		clients = fmt.Sprintf("leads ports %v of %s", f.redirectPorts, f.redirect)
	case clients == "":
		clients = "raw listeners"
	default:
		clients = "bootstrap: " + clients
	}
	if recorded == nil {
		fmt.Fprintf(p.out, "kafka-proxy is ready, control: %s, %s\n", at.address, clients) //nolint:errcheck // whoever does not read it need not know
	}
	err = work.Wait()
	last()
	return errors.Join(err, <-publishing)
}
