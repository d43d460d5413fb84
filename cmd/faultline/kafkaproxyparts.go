package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/k2-platform/faultline/faults/control"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
	"github.com/k2-platform/faultline/faults/kafkaproxy/rule"
	"github.com/k2-platform/faultline/faults/kafkaproxy/truth"
	"github.com/k2-platform/faultline/internal/guard"
	"github.com/k2-platform/faultline/internal/process"
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
	address, token := f.control, ""
	var err error
	if address == "" {
		address, err = control.Address(p.state)
	} else if !strings.HasPrefix(address, "unix://") {
		token, err = guard.Token(p.home)
	}
	if err != nil {
		return err
	}
	l, err := control.Listen(ctx, address)
	if err != nil {
		return err
	}
	proxy, err := relay.New(p.config)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	work, ctx := errgroup.WithContext(ctx)
	published, last := context.WithCancel(context.WithoutCancel(ctx))
	defer last()
	publishing := make(chan error, 1)
	go func() { publishing <- p.publisher.Run(published) }()
	work.Go(func() error { return proxy.Run(ctx) })
	work.Go(func() error { return control.Serve(ctx, l, p.desk, token) })
	work.Go(func() error {
		p.desk.Run(ctx)
		return nil
	})
	at := proxy.Addr()
	recorded := f.writeRecord(at)
	work.Go(func() error { return recorded }) // without it the others end
	switch {
	case f.redirect != "":
		at = fmt.Sprintf("leads ports %v of %s", f.redirectPorts, f.redirect)
	case at == "":
		at = "raw listeners"
	default:
		at = "bootstrap: " + at
	}
	if recorded == nil {
		fmt.Fprintf(p.out, "kafka-proxy is ready, control: %s, %s\n", address, at) //nolint:errcheck // whoever does not read it need not know
	}
	err = work.Wait()
	last()
	return errors.Join(err, <-publishing)
}

// writeRecord says which process the proxy is, and where clients find it.
func (f proxyFlags) writeRecord(addr string) error {
	if f.record == "" {
		return nil
	}
	self, err := process.Self("kafka-proxy", addr)
	if err == nil {
		err = self.Write(f.record)
	}
	if err != nil {
		return fmt.Errorf("writing the process record of the proxy: %w; --record names its file, in a folder that is there", err)
	}
	return nil
}
