package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

func TestTheKafkaProxySaysWhereItIsAndEndsWhenItIsTold(t *testing.T) {
	k, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	defer k.Close()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"kafka-proxy", "--brokers", k.ListenAddrs()[0], "--listen", "127.0.0.1:0"}, in, io.Discard)
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "kafka-proxy is ready, bootstrap: ")
	require.True(t, ok, line)

	c, err := kgo.NewClient(kgo.SeedBrokers(address))
	require.NoError(t, err)
	require.NoError(t, c.Ping(ctx))
	c.Close()
	stop()
	assert.Zero(t, <-code)
	_, err = (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.Error(t, err, "nobody listens any more")
}
