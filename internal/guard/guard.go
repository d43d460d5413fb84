// Package guard says who may ask an HTTP listener of this machine for what
// changes something: who can read a file of its state folder, from no page of
// another site. It listens nowhere itself.
package guard

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/k2-platform/faultline/internal/process"
)

// TokenFile lies in the state folder: who may read it may ask.
const TokenFile = "http.token"

const shortestToken = 16

// Token reads the token of a state folder, making it where there is none. One
// that others may read is refused, since they could ask too.
func Token(home string) (string, error) {
	path := filepath.Join(home, TokenFile)
	token, err := ReadToken(path)
	if !errors.Is(err, os.ErrNotExist) {
		return token, err
	}
	token = rand.Text()
	if err := process.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("making the token for HTTP: %w", err)
	}
	return token, nil
}

// ReadToken reads the token of a file, which others may not read.
func ReadToken(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("reading the token for HTTP: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("reading the token for HTTP: others may read %s; chmod 600 it, or remove it to have a new one made", path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the file that the operator names
	if err != nil {
		return "", fmt.Errorf("reading the token for HTTP: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < shortestToken {
		return "", fmt.Errorf("reading the token for HTTP: %s holds fewer than %d letters; remove it to have a new one made", path, shortestToken)
	}
	return token, nil
}

// Authorized lets through who knows the token. No token lets nobody through.
func Authorized(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		got := sha256.Sum256([]byte(said))
		if !ok || token == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			Refuse(w, http.StatusUnauthorized, fmt.Errorf("write the token of the file %s in the state folder as Authorization: Bearer TOKEN", TokenFile))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Local keeps out pages of other sites that a browser here shows: one whose
// name was made to point at this machine sends that name as Host, and any page
// its own Origin. An address, unlike a name, cannot be made to point here.
func Local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownHost(r.Host) {
			Refuse(w, http.StatusForbidden, fmt.Errorf("host %q is not this one; ask by address, or as localhost", r.Host))
			return
		}
		if from := r.Header.Get("Origin"); from != "" && !sameOrigin(from, r.Host) {
			Refuse(w, http.StatusForbidden, fmt.Errorf("origin %q may not ask here", from))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func ownHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	return strings.EqualFold(name, "localhost") || net.ParseIP(name) != nil
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host
}

// IsJSON says whether a request says that it is JSON, which no form of a page
// can without being asked about first.
func IsJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// Refuse answers with what is wrong, as {"problem": …}.
func Refuse(w http.ResponseWriter, status int, err error) {
	Reply(w, status, map[string]string{"problem": err.Error()})
}

// Reply answers with JSON.
func Reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that left needs no answer
}
