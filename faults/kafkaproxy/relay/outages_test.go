package relay

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestAnOutageIsToldOnceAndThenCounted(t *testing.T) {
	var (
		out     bytes.Buffer
		o       outages
		log     = slog.New(slog.NewTextHandler(&out, nil))
		one     = route{brokers: []string{"kafka-1:9092"}}
		other   = route{brokers: []string{"kafka-2:9092"}}
		began   = time.Unix(1_700_000_000, 0)
		refused = errors.New("connection refused")
		lines   = func() []string {
			defer out.Reset()
			return strings.Split(strings.TrimSpace(out.String()), "\n")
		}
	)
	for i := range 50 {
		o.failed(log, one, began.Add(time.Duration(i)*time.Millisecond), refused)
	}
	got := lines()
	assert.Len(t, got, 1)
	assert.Contains(t, got[0], `level=WARN msg="connection closed" side=broker reason="connection refused"`)

	o.failed(log, other, began, refused)
	assert.Len(t, lines(), 1, "another broker is another outage")

	o.failed(log, one, began.Add(complainEvery), refused)
	assert.Contains(t, lines()[0], `level=WARN msg="connections closed" side=broker connections=50`)

	o.failed(log, one, began.Add(complainEvery+time.Second), refused)
	o.reached(log, one)
	o.reached(log, one)
	got = lines()
	assert.Len(t, got, 1)
	assert.Contains(t, got[0], `level=INFO msg="a broker is reached again" address=kafka-1:9092 "connections closed"=1`)

	o.failed(log, one, began.Add(complainEvery+2*time.Second), refused)
	assert.Contains(t, lines()[0], "level=WARN", "the next outage is told at once")
}
