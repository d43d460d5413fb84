package receipts_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/k2-platform/faultline/clients/receipts"
	"github.com/k2-platform/faultline/internal/embedded"
)

// Order is the receipt of one record of this producer: its natural key, and the
// columns that the books are to compare.
type Order struct {
	receipts.Fate
	ID    string `json:"order_id"`
	Price string `json:"price"`
}

// A producer with franz-go: take a receipt, send, deliver in the callback.
func Example() {
	if err := sendOrders(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: {"taken":3,"acked":3,"dropped":0,"failed":0,"shed":0,"pending":0,"unknown":0}
}

func sendOrders(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "receipts-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	client, end, err := someKafka(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()

	book, err := receipts.Open[Order](filepath.Join(dir, "receipts.jsonl"), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()

	for i := range 3 {
		order, err := book.Take(Order{ID: fmt.Sprintf("O-%d", i), Price: "36.50"})
		if err != nil {
			return err // what has no receipt is not sent
		}
		record := &kgo.Record{Key: []byte(order.ID), Value: fmt.Appendf(nil, `{"order_id":%q,"price":%q}`, order.ID, order.Price)}
		client.Produce(ctx, record, func(r *kgo.Record, err error) {
			if err := book.Deliver(order, r.Partition, r.Offset, err); err != nil {
				fmt.Println(err) // the book is no longer whole: say so, and stop
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return err
	}

	// A producer serves book.Handler() where the books of its platform look for receipts.
	answer := httptest.NewRecorder()
	book.Handler().ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodGet, "/position", nil))
	fmt.Print(answer.Body)
	return nil
}

// someKafka is a broker with a topic, and a client of it.
func someKafka(ctx context.Context, dir string) (*kgo.Client, func() error, error) {
	kafka, err := embedded.StartKafka(embedded.KafkaConfig{Dir: filepath.Join(dir, "kafka")})
	if err != nil {
		return nil, nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(kafka.Addr()), kgo.DefaultProduceTopic("orders"))
	if err != nil {
		return nil, nil, errors.Join(err, kafka.Close())
	}
	end := func() error {
		client.Close()
		return kafka.Close()
	}
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 1, 1, nil, "orders"); err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return client, end, nil
}
