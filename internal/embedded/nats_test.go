package embedded_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/k2-platform/faultline/internal/embedded"
)

func TestNATSCarriesMessagesAndComesBackOnItsAddress(t *testing.T) {
	addr := ""
	for range 2 {
		n, err := embedded.StartNATS(embedded.NATSConfig{Addr: addr})
		if err != nil {
			t.Fatal(err)
		}
		conn, err := nats.Connect(n.URL())
		if err != nil {
			t.Fatal(err)
		}
		sub, err := conn.SubscribeSync("halt")
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Publish("halt", []byte("now")); err != nil {
			t.Fatal(err)
		}
		if got, err := sub.NextMsg(10 * time.Second); err != nil || string(got.Data) != "now" {
			t.Errorf("got %v, %v", got, err)
		}
		conn.Close()
		addr = strings.TrimPrefix(n.URL(), "nats://")
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := embedded.StartNATS(embedded.NATSConfig{Addr: "0.0.0.0:4222"}); err == nil {
		t.Error("it left this machine")
	}
}

// Any address of loopback: a port is nobody else's there.
func TestNATSListensWhereItIsTold(t *testing.T) {
	n, err := embedded.StartNATS(embedded.NATSConfig{Addr: "127.9.8.7:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close() //nolint:errcheck // it has no state
	if !strings.HasPrefix(n.URL(), "nats://127.9.8.7:") {
		t.Errorf("it is at %s", n.URL())
	}
	conn, err := nats.Connect(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
