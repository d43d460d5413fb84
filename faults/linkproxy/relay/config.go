// Package relay is a proxy of links: for each it listens, and passes on to one
// other end what comes, unread, at the speed of splice(2). Faults may be put in
// force on a link at any time; connections of other links do not notice.
package relay

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"time"
)

// Link is one way through the proxy.
type Link struct {
	Name   string // lower-case letters, digits and dashes
	Listen string // host:port; port 0 is any that is free
	To     string // host:port of the other end
	// HTTP says that what passes is HTTP/1: its requests are told apart, and
	// faults may select them. They are passed on as they are, byte for byte.
	HTTP bool
}

// ParseLink reads a link as a command line has it:
//
//	name=sink-to-store,listen=127.0.0.1:0,to=127.0.0.1:9000,http
func ParseLink(text string) (Link, error) {
	l := Link{Listen: "127.0.0.1:0"}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		if seen[key] {
			return Link{}, fmt.Errorf("reading link %q: %s stands twice; write it once", text, key)
		}
		seen[key] = true
		switch {
		case key == "name":
			l.Name = value
		case key == "listen":
			l.Listen = value
		case key == "to":
			l.To = value
		case part == "http":
			l.HTTP = true
		default:
			return Link{}, fmt.Errorf("reading link %q: %q is none of name=, listen=, to= and http", text, part)
		}
	}
	return l, l.check()
}

func (l Link) check() error {
	var problems []error
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`).MatchString(l.Name) {
		problems = append(problems, fmt.Errorf("name %q: write lower-case letters, digits and dashes, such as sink-to-store", l.Name))
	}
	for what, address := range map[string]string{"listen": l.Listen, "to": l.To} {
		if _, err := net.ResolveTCPAddr("tcp", numbered(address)); err != nil {
			problems = append(problems, fmt.Errorf("%s %q: write host:port, such as 127.0.0.1:9000", what, address))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("reading link %q: %w", l.Name, err)
	}
	return nil
}

// numbered takes the host out of an address: it is looked up when it is used.
func numbered(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.ContainsAny(host, " \t\n/@") {
		return "?"
	}
	return net.JoinHostPort("", port)
}

// Config is what a proxy needs: Links.
type Config struct {
	Links          []Link
	MaxConnections int           // at once, of all links; 0 is 4096
	DialTimeout    time.Duration // for the other end; 0 is 10 s
	Log            *slog.Logger  // nil: nothing is logged
}

func (c Config) withDefaults() Config {
	c.MaxConnections = cmp.Or(c.MaxConnections, 4096)
	c.DialTimeout = cmp.Or(c.DialTimeout, 10*time.Second)
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	return c
}

// Validate joins all that is wrong.
func (c Config) Validate() error {
	var problems []error
	names, listeners := map[string]bool{}, map[string]bool{}
	for _, l := range c.Links {
		problems = append(problems, l.check())
		if names[l.Name] {
			problems = append(problems, fmt.Errorf("two links are called %q: give each its own name", l.Name))
		}
		if listeners[l.Listen] && !strings.HasSuffix(l.Listen, ":0") {
			problems = append(problems, fmt.Errorf("two links listen on %s: give each its own port, or port 0", l.Listen))
		}
		names[l.Name], listeners[l.Listen] = true, true
	}
	if len(c.Links) == 0 {
		problems = append(problems, errors.New("there is no link: write --link name=sink-to-store,listen=127.0.0.1:0,to=127.0.0.1:9000"))
	}
	return errors.Join(problems...)
}
