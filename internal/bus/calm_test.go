package bus

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/stretchr/testify/assert"
)

func TestTheSameComplaintIsHeardOnceInAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := newCalm(watermill.NewSlogLogger(slog.New(slog.NewTextHandler(&out, nil))))
		for range 5 {
			l.With(watermill.LogFields{"topic": "t"}).Error("no broker", errors.New("refused"), nil)
			l.Error("another", errors.New("refused"), nil)
		}
		assert.Equal(t, 1, strings.Count(out.String(), "no broker"))
		assert.Equal(t, 1, strings.Count(out.String(), "another"))
		time.Sleep(calmFor)
		l.Error("no broker", errors.New("refused"), nil)
		assert.Equal(t, 2, strings.Count(out.String(), "no broker"))
	})
}
