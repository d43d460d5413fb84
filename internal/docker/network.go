package docker

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// Endpoint is a container's place on a network: what it was given there, and
// what the engine made of it.
type Endpoint struct {
	Place

	NetworkID string `json:"NetworkID"`
	IPv4      string `json:"IPAddress"`
	IPv6      string `json:"GlobalIPv6Address"`
}

// Place is what the engine has to be told to put a container on a network as
// it was.
type Place struct {
	IPAM       *Addresses        `json:"IPAMConfig,omitempty"`
	Links      []string          `json:"Links,omitempty"`
	Aliases    []string          `json:"Aliases,omitempty"`
	MAC        string            `json:"MacAddress,omitempty"`
	DriverOpts map[string]string `json:"DriverOpts,omitempty"`
	// Priority decides which network has the gateway; since version 1.48.
	Priority int `json:"GwPriority,omitempty"`
}

// Addresses are those that a container was given, not those that the engine
// chose.
type Addresses struct {
	IPv4      string   `json:"IPv4Address,omitempty"`
	IPv6      string   `json:"IPv6Address,omitempty"`
	LinkLocal []string `json:"LinkLocalIPs,omitempty"`
}

// Connect puts a container on a network. One that is on it is an Error.
func (c *Client) Connect(ctx context.Context, network, container string, p Place) error {
	in := struct {
		Container      string
		EndpointConfig Place
	}{container, p}
	return c.call(ctx, http.MethodPost, ofNetwork(network, "connect"), in, nil)
}

// Disconnect takes a container off a network. One that is not on it is an
// Error.
func (c *Client) Disconnect(ctx context.Context, network, container string) error {
	in := struct {
		Container string
		Force     bool
	}{container, false}
	return c.call(ctx, http.MethodPost, ofNetwork(network, "disconnect"), in, nil)
}

// HasNetwork is ErrNotFound where the engine has no network of that name or
// id.
func (c *Client) HasNetwork(ctx context.Context, network string) error {
	var out json.RawMessage
	return c.call(ctx, http.MethodGet, "/networks/"+url.PathEscape(network), nil, &out)
}

func ofNetwork(network, what string) string {
	return "/networks/" + url.PathEscape(network) + "/" + what
}
