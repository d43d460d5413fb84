package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/k2-platform/faultline/internal/bus/origin"
	"github.com/k2-platform/faultline/internal/bus/poison"
)

var errDown = errors.New("kafka is down")

type downPublisher struct{ tries int }

func (d *downPublisher) Publish(string, ...*message.Message) error { d.tries++; return errDown }
func (*downPublisher) Close() error                                { return nil }

func TestRecordIsKeptWhereItsDeadLetterCannotBePublished(t *testing.T) {
	down := &downPublisher{}
	d := deadLetters{publisher: down, topic: "d", limit: 1 << 20, now: time.Now, log: slog.New(slog.DiscardHandler)}
	cause := errors.New("bad")
	_, err := d.middleware(func(*message.Message) ([]*message.Message, error) {
		return nil, poison.New(cause)
	})(message.NewMessage("1", nil))
	require.ErrorIs(t, err, errDown, "it would be acked and lost")
	require.ErrorIs(t, err, cause)
	assert.Equal(t, 1, down.tries)
}

func TestStoppedHandlerGivesNothingUp(t *testing.T) {
	down := &downPublisher{}
	d := deadLetters{publisher: down, topic: "d", limit: 1 << 20, now: time.Now, log: slog.New(slog.DiscardHandler)}
	msg := message.NewMessage("1", nil)
	ctx, cancel := context.WithCancel(t.Context())
	msg.SetContext(ctx)
	_, err := d.middleware(func(*message.Message) ([]*message.Message, error) {
		cancel()
		return nil, ctx.Err()
	})(msg)
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, down.tries, "a shutdown made a dead letter")
}

func TestOversizedRecordIsCutWithItsSum(t *testing.T) {
	payload := []byte(strings.Repeat("0123456789", 10_000))
	msg := message.NewMessage("1", payload)
	origin.Set(msg, origin.Origin{Topic: "t", Partition: 2, Offset: 9, Key: "k"}, true)
	letter := deadLetter(msg, errors.New("too big"), time.Now(), minMessageBytes)
	cut, err := strconv.Atoi(letter.Metadata.Get(HeaderTruncated))
	require.NoError(t, err)
	assert.Equal(t, len(payload), len(letter.Payload)+cut)
	assert.Equal(t, payload[:len(letter.Payload)], []byte(letter.Payload))
	sum := sha256.Sum256(payload)
	assert.Equal(t, hex.EncodeToString(sum[:]), letter.Metadata.Get(HeaderSHA256), "the sum is of the whole payload")
	assert.Equal(t, payload, []byte(msg.Payload), "the original was changed")
}

// A dead letter that the producer refuses would stop its partition for ever.
func TestEveryDeadLetterFits(t *testing.T) {
	size := rapid.IntRange(0, 3*minMessageBytes)
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return strings.Repeat("é", size.Draw(t, name)/2) }
		msg := message.NewMessage(text("id"), []byte(text("payload")))
		origin.Set(msg, origin.Origin{Topic: "t", Key: text("key")}, rapid.Bool().Draw(t, "keyed"))
		for i := range rapid.IntRange(0, 40).Draw(t, "headers") {
			msg.Metadata.Set("h"+strconv.Itoa(i), strings.Repeat("v", rapid.IntRange(0, 2000).Draw(t, "header")))
		}
		letter := deadLetter(msg, errors.New(text("cause")), time.Now(), minMessageBytes)
		rec, err := marshaler{}.Marshal("d", letter)
		if err != nil {
			t.Fatal(err)
		}
		if got := wireSize(rec); got > minMessageBytes {
			t.Fatalf("%d bytes", got)
		}
		for _, name := range []string{HeaderTopic, HeaderPartition, HeaderOffset, HeaderCause, HeaderTime, HeaderSHA256} {
			if _, ok := letter.Metadata[name]; !ok {
				t.Fatalf("%s is missing", name)
			}
		}
	})
}

// wireSize is what sarama holds against MaxMessageBytes.
func wireSize(rec *sarama.ProducerMessage) int { return rec.ByteSize(2) }

// To give up a record that is not to blame would put those after it first.
func TestWhatIsNotTheRecordsFaultGivesNothingUp(t *testing.T) {
	down := &downPublisher{}
	d := deadLetters{publisher: down, topic: "d", limit: 1 << 20, now: time.Now, log: slog.New(slog.DiscardHandler)}
	cause := errors.New("the log takes nothing")
	give := func(err error) error {
		_, err = d.middleware(func(*message.Message) ([]*message.Message, error) { return nil, err })(message.NewMessage("1", nil))
		return err
	}
	require.ErrorIs(t, give(poison.Spare(cause)), cause, "it comes again")
	assert.Zero(t, down.tries)
	require.Error(t, give(poison.Spare(poison.New(cause))))
	assert.Equal(t, 1, down.tries, "no retry helps this one")
}
