package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// service sends to one URL through shoutrrr.
type service struct {
	raw     string
	scheme  string
	number  int
	secrets []string
}

// dial checks a URL as far as that goes without the network.
func dial(raw string, number int) (*service, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("it is no URL; write one as in docs/NOTIFY.md, and percent-encode what is special in passwords")
	}
	scheme, _, _ := strings.Cut(strings.ToLower(u.Scheme), "+")
	s := &service{raw: raw, scheme: scheme, number: number, secrets: secretsOf(u)}
	if err := s.check(u); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *service) check(u *url.URL) error {
	known := services()
	switch {
	case s.scheme == "http" || s.scheme == "https":
		return fmt.Errorf("scheme %q names no service; write generic+%s://… for a plain webhook, or the service's own, as in slack://…", s.scheme, s.scheme)
	case !slices.Contains(known, s.scheme):
		return fmt.Errorf("scheme %q names no service; write one of %s", s.scheme, strings.Join(known, ", "))
	case s.scheme == "generic" && u.Host == "":
		return errors.New("it names no host; write generic+https://host/path")
	case s.scheme == "matrix":
		// Making its client logs in over the network, which may be down now.
		return nil
	}
	if _, err := s.client(nil); err != nil {
		return fmt.Errorf("service %s does not take it (%s); docs/NOTIFY.md has examples", s.scheme, s.redact(err.Error()))
	}
	return nil
}

// services are those of the library, without the one that would print
// messages and call them sent.
func services() []string {
	all := (&router.ServiceRouter{}).ListServices()
	slices.Sort(all)
	return slices.DeleteFunc(all, func(name string) bool { return name == "logger" })
}

// client makes a client for one send: the library's keep state, and a send
// that was given up on may still be using the last.
func (s *service) client(c *http.Client) (types.Service, error) {
	r, err := router.NewWithOptions(nil, types.SenderOptions{HTTPClient: c})
	if err != nil {
		return nil, err
	}
	return r.Locate(s.raw)
}

func (s *service) label() string { return fmt.Sprintf("%s, url %d", s.scheme, s.number) }

func (s *service) id() string {
	sum := sha256.Sum256([]byte(s.raw))
	return s.scheme + "-" + hex.EncodeToString(sum[:6])
}

func (s *service) send(ctx context.Context, m Message) error {
	c, err := s.client(httpClient(ctx))
	if err == nil {
		params := s.params(m)
		err = c.Send(m.Text, &params)
	}
	if err != nil {
		return errors.New(s.redact(err.Error())) // wrapping would keep the secrets within reach
	}
	return nil
}

// httpClient ends its requests with ctx, which the library's services do not
// know. Connections are not kept: messages are rare.
func httpClient(ctx context.Context) *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return transport.RoundTrip(r.WithContext(ctx))
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// params are what a service is told beside the text. A key that a service
// does not know makes some refuse the message.
func (s *service) params(m Message) types.Params {
	p := types.Params{}
	if titled(s.scheme) {
		p.SetTitle(m.Title)
	}
	if s.scheme == "pagerduty" {
		// One experiment is one incident: its end resolves it.
		p["dedup_key"] = "faultline/" + string(m.Experiment)
		p["severity"], p["action"] = severity(m.Kind), "trigger"
		if m.Kind == End {
			p["action"] = "resolve"
		}
	}
	return p
}

func titled(scheme string) bool {
	without := []string{"googlechat", "hangouts", "mqtt", "mqtts", "notifiarr", "pagerduty", "rocketchat", "signal", "wecom"}
	return !slices.Contains(without, scheme)
}

func severity(k Kind) string {
	switch k {
	case Stuck:
		return "critical"
	case Halt:
		return "error"
	case Rollback:
		return "warning"
	case Start, End:
	}
	return "info"
}
