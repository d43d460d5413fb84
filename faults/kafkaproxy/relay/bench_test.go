package relay_test

import (
	"context"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
	"github.com/k2-platform/faultline/faults/kafkaproxy/relay"
)

// BenchmarkExchange measures one small exchange, and a fetch of a MiB, with
// the proxy and without it.
func BenchmarkExchange(b *testing.B) {
	small, large := heartbeat(1), request(kmsg.NewPtrFetchRequest(), 16, 1)
	fetch := framed(1, append([]byte{0}, fetched(16, 1<<20/15).AppendTo(nil)...))
	beat := framed(1, make([]byte, 6))
	l, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer shut(l)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer shut(c)
				for {
					f, err := readFrame(c)
					if err != nil {
						return
					}
					answer := beat
					if h, _, _ := frame.ReadHeader(f[4:], ""); h.Key == frame.Fetch {
						answer = fetch
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	p, err := relay.New(relay.Config{Brokers: []string{l.Addr().String()}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	}()
	for name, address := range map[string]string{"direct": l.Addr().String(), "proxy": p.Addr()} {
		for size, ask := range map[string][]byte{"small": small, "large": large} {
			b.Run(size+"/"+name, func(b *testing.B) { exchanges(b, address, ask) })
		}
	}
}

func exchanges(b *testing.B, address string, ask []byte) {
	b.Helper()
	c, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	defer shut(c)
	buf := make([]byte, 2<<20)
	took := make([]time.Duration, 0, 1<<16)
	for b.Loop() {
		began := time.Now()
		if _, err := c.Write(ask); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(c, buf[:4]); err != nil {
			b.Fatal(err)
		}
		n := int(buf[0])<<24 | int(buf[1])<<16 | int(buf[2])<<8 | int(buf[3])
		if _, err := io.ReadFull(c, buf[:n]); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(n))
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
