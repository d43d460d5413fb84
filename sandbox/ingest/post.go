package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/k2-platform/faultline/clients/receipts"
)

const (
	// postBytes bounds a posted trade, answerWithin the wait for Kafka's word.
	postBytes    = 64 << 10
	answerWithin = 10 * time.Second
)

// Answer is what POST /v1/trades gives: 200 once Kafka has acknowledged the
// trade, and otherwise an error in one word and what it means here.
type Answer struct {
	Acknowledged bool   `json:"acknowledged"`
	TradeID      string `json:"trade_id,omitempty"`
	Seq          int64  `json:"seq,omitempty"`
	Partition    int32  `json:"partition"`
	Offset       int64  `json:"offset"`
	Error        string `json:"error,omitempty"`
	Message      string `json:"message,omitempty"`
}

// The errors of an Answer.
const (
	schemaValidation   = "schema_validation"    // 422: the trade fits no schema that it could be written by
	registryNotThere   = "registry_unavailable" // 503: nobody can tell
	loadShedding       = "load_shedding"        // 503: memory is short
	bufferFull         = "buffer_full"          // 503: Kafka is behind
	notProduced        = "not_produced"         // 502: Kafka refused it
	unacknowledged     = "unacknowledged"       // 504: it may have been written
	receiptsNotWritten = "receipts_not_written" // 500
)

func refusals() []string { return []string{schemaValidation, registryNotThere} }

// servePost takes one trade, or says why not.
func (p *player) servePost(w http.ResponseWriter, r *http.Request) {
	status, a := p.post(r.Context(), http.MaxBytesReader(w, r.Body, postBytes))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a) // a client that left needs no answer
}

func (p *player) post(ctx context.Context, body interface{ Read([]byte) (int, error) }) (int, Answer) {
	in, err := readPosted(body)
	if err == nil && p.schema.Load() == 0 {
		err = errors.New("the schema of the trades is not registered yet; try again")
	}
	var encode func(int64) ([]byte, error)
	if err == nil {
		encode, err = p.encoder(ctx, in)
	}
	var misfit schemaError
	switch {
	case errors.As(err, &misfit):
		p.refused.WithLabelValues(schemaValidation).Inc()
		return http.StatusUnprocessableEntity, Answer{Error: schemaValidation, Message: err.Error(), Partition: -1, Offset: -1}
	case err != nil:
		p.refused.WithLabelValues(registryNotThere).Inc()
		return http.StatusServiceUnavailable, Answer{Error: registryNotThere, Message: err.Error(), Partition: -1, Offset: -1}
	}
	answered := make(chan Receipt, 1)
	if err := p.take(in.receipt(), in.priority(p.cfg), encode, func(rec Receipt) { answered <- rec }); err != nil {
		return http.StatusInternalServerError, Answer{Error: receiptsNotWritten, Message: err.Error(), Partition: -1, Offset: -1}
	}
	ctx, done := context.WithTimeout(ctx, answerWithin)
	defer done()
	select {
	case rec := <-answered:
		return answer(rec)
	case <-ctx.Done():
		return http.StatusGatewayTimeout, Answer{TradeID: in.v.TradeID, Error: unacknowledged, Message: "Kafka did not answer in time; the trade may be written yet", Partition: -1, Offset: -1}
	}
}

// answer puts a receipt into words.
func answer(rec Receipt) (int, Answer) {
	out := Answer{TradeID: rec.TradeID, Seq: rec.Seq, Partition: rec.Partition, Offset: rec.Offset}
	switch rec.State {
	case receipts.Acked:
		out.Acknowledged = true
		return http.StatusOK, out
	case receipts.Shed:
		out.Error, out.Message = loadShedding, "memory is short; send it again later, or with high priority"
		return http.StatusServiceUnavailable, out
	case receipts.Dropped:
		out.Error, out.Message = bufferFull, "too many trades wait for Kafka; send it again later"
		return http.StatusServiceUnavailable, out
	case receipts.Failed:
		out.Error, out.Message = notProduced, "Kafka refused the trade"
		return http.StatusBadGateway, out
	case receipts.Unknown, receipts.Pending:
	}
	out.Error, out.Message = unacknowledged, "the service stops; the trade may be written"
	return http.StatusGatewayTimeout, out
}
