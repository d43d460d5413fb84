package observe

import (
	"bytes"
	"encoding/json"
	"net/http"
)

// Share counts one kind of answer among all calls in the window: one that has
// all that is written here. A call that was not answered is of no kind.
type Share struct {
	Metric string
	Status int               // 0: any
	Header map[string]string // with these values
	Body   string            // substring; empty: anything
	Fields []string          // paths in a JSON body that are there and not null
}

func (s Share) of(resp *http.Response, body []byte) bool {
	if s.Status != 0 && resp.StatusCode != s.Status || !bytes.Contains(body, []byte(s.Body)) {
		return false
	}
	for name, value := range s.Header {
		if resp.Header.Get(name) != value {
			return false
		}
	}
	if len(s.Fields) == 0 {
		return true
	}
	var whole any
	if json.Unmarshal(body, &whole) != nil {
		return false
	}
	for _, path := range s.Fields {
		if at(whole, path) == nil {
			return false
		}
	}
	return true
}
