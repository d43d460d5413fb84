package relay

import (
	"bytes"
	"strconv"
	"strings"
)

// head is what the proxy understands of the head of a request of HTTP/1
// (RFC 9112): which one it is, and where it ends.
type head struct {
	method string
	path   string // as it was sent, without the query
	length int64  // of the body; chunked and unread say more
	// chunked says that the body is in chunks.
	chunked bool
	// unread says that nobody knows where the request ends, or that what
	// follows is another protocol: all that comes is passed on as it is.
	unread bool
}

// headEnd finds the end of a head, behind its empty line; 0: it is not there
// yet.
func headEnd(b []byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(b[from:], '\n')
		if i < 0 {
			return 0
		}
		from += i + 1
		switch rest := b[from:]; {
		case bytes.HasPrefix(rest, []byte("\n")):
			return from + 1
		case bytes.HasPrefix(rest, []byte("\r\n")):
			return from + 2
		}
	}
}

// readHead reads a head up to its end. What is no request of HTTP/1 is unread.
func readHead(b []byte) head {
	first, rest, _ := bytes.Cut(b, []byte("\n"))
	h, ok := readLine(first)
	if !ok {
		return head{unread: true}
	}
	if h.method == "CONNECT" {
		h.unread = true
	}
	lengths := map[int64]bool{}
	for line := range bytes.Lines(rest) {
		name, value, ok := strings.Cut(strings.TrimRight(string(line), "\r\n"), ":")
		if !ok {
			continue
		}
		value = strings.Trim(value, " \t")
		switch strings.ToLower(name) {
		case "content-length":
			n, err := strconv.ParseUint(value, 10, 63)
			h.unread = h.unread || err != nil
			h.length = int64(n) //nolint:gosec // 63 bits
			lengths[h.length] = true
		case "transfer-encoding":
			codings := strings.Split(strings.ToLower(value), ",")
			h.chunked = strings.TrimSpace(codings[len(codings)-1]) == "chunked"
			h.unread = h.unread || !h.chunked
		case "upgrade":
			h.unread = true
		}
	}
	h.unread = h.unread || len(lengths) > 1
	if h.chunked {
		h.length = 0
	}
	return h
}

// readLine reads the first line of a head.
func readLine(line []byte) (head, bool) {
	words := strings.Split(strings.TrimSuffix(string(line), "\r"), " ")
	if len(words) != 3 || !isMethod(words[0]) || !strings.HasPrefix(words[2], "HTTP/1.") {
		return head{}, false
	}
	return head{method: words[0], path: pathOf(words[1])}, true
}

// isMethod says whether a word may be a method: a token (RFC 9110, 5.6.2).
func isMethod(word string) bool {
	for _, c := range []byte(word) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return word != ""
}

// begins says whether what came so far may be the begin of a head: of what
// cannot be, nothing is waited for.
func begins(b []byte) bool {
	line, _, whole := bytes.Cut(b, []byte("\n"))
	if whole {
		_, ok := readLine(line)
		return ok
	}
	word, _, _ := bytes.Cut(line, []byte(" "))
	return len(b) == 0 || isMethod(string(word))
}

// pathOf takes the path out of a request's target.
func pathOf(target string) string {
	if _, rest, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		_, path, _ := strings.Cut(rest, "/")
		target = "/" + path
	}
	path, _, _ := strings.Cut(target, "?")
	return path
}

// chunkSize reads the line before a chunk.
func chunkSize(line []byte) (int64, bool) {
	text, _, _ := strings.Cut(strings.TrimRight(string(line), "\r\n"), ";")
	n, err := strconv.ParseUint(strings.TrimSpace(text), 16, 62)
	return int64(n), err == nil //nolint:gosec // 62 bits
}
