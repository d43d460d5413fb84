package notify

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

const (
	hidden = "…"
	// minSecret spares short words: a token is longer.
	minSecret = 6
	// maxReason keeps a service's error page out of the log.
	maxReason = 300
)

// secretsOf lists every word of a URL that could be part of a secret: all of
// it but scheme and host, as written and decoded, the longest first. What
// stands in the host's place without being one is a key of some services.
func secretsOf(u *url.URL) []string {
	texts := []string{u.User.String(), u.Path, u.RawQuery, u.Fragment, u.Opaque}
	if p, ok := u.User.Password(); ok {
		texts = append(texts, u.User.Username(), p)
	}
	if !strings.Contains(u.Hostname(), ".") {
		texts = append(texts, u.Hostname())
	}
	for _, values := range u.Query() {
		texts = append(texts, values...)
	}
	var out []string
	for _, t := range texts {
		out = append(out, t)
		out = append(out, strings.FieldsFunc(t, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' })...)
	}
	out = slices.DeleteFunc(out, func(s string) bool { return len(s) < minSecret })
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(out)
}

// redact makes a service's error fit to be logged: without URLs and without
// any word of its own.
func (s *service) redact(text string) string {
	text = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s"']*`).ReplaceAllString(text, hidden)
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > maxReason {
		text = string(r[:maxReason]) + hidden
	}
	return text
}
