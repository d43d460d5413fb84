package frame

import "errors"

const (
	// plainBody is how long a body may be of which nothing is known but its
	// bytes: kmsg makes room for as many elements of a list as it says to have,
	// some hundred bytes for each, before it reads the first.
	plainBody = 256 << 10
	// mostElements is how many elements and tags all lists of a longer body may
	// have together.
	mostElements = 1 << 18
)

var errTooMany = errors.New("its lists have too many elements")

// Readable says whether the body of a request, or of the response to one, is
// such that decoding it takes no more memory than some tens of MiB beside it.
// Longer bodies are read up to that bound where they are mostly records, or
// carry addresses. What is not readable can be passed on.
func (a *APIs) Readable(h Header, response bool, body []byte) bool {
	if len(body) <= plainBody {
		return true
	}
	schema := a.schema(h, response)
	if schema == nil {
		return false
	}
	w := walk{tape: &span{in: body}, version: h.Version, flexible: a.Flexible(h.Key, h.Version), room: mostElements, bounded: true}
	return w.object(schema) == nil
}

func (a *APIs) schema(h Header, of bool) []field {
	switch {
	case of:
		return response(h.Key)
	case h.Key == Produce:
		return produce()
	}
	return nil
}
