package receipts

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// maxPage is the most receipts that one call gives.
const maxPage = 100_000

// Handler answers both calls of the protocol.
func (b *Book[R, P]) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /position", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(b.Position()) // a client that left needs no answer
	})
	mux.HandleFunc("GET /receipts", b.ServeReceipts)
	return mux
}

// ServeReceipts answers GET /receipts alone, for a producer whose position says
// more than Position does.
func (b *Book[R, P]) ServeReceipts(w http.ResponseWriter, r *http.Request) {
	from, err := bound(r, "from", 1)
	if err != nil || from < 1 {
		http.Error(w, "from must be a whole number from 1", http.StatusBadRequest)
		return
	}
	to, err := bound(r, "to", b.Position().Taken)
	if err != nil {
		http.Error(w, "to must be a whole number", http.StatusBadRequest)
		return
	}
	found, err := b.Between(from, min(to, from+maxPage-1))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	for _, rec := range found {
		if out.Encode(rec) != nil {
			return // the client left
		}
	}
}

func bound(r *http.Request, name string, missing int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return missing, nil
	}
	return strconv.ParseInt(text, 10, 64)
}
