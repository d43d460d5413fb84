// Package rule says what a link proxy can be asked to do to one of its links.
// It is pure; what it says is done by package relay.
package rule

import (
	"slices"
	"strings"
	"time"

	"github.com/k2-platform/faultline/faults/often"
)

// Rule is one fault of a link as a document states it. What its Do does not
// need is the zero value.
type Rule struct {
	ID    string // of the receipt that undoes it
	Fault string // name of its kind, such as network.delay
	Link  string // that it breaks
	Do    Do
	Way   Way // of Partition, Delay and Bandwidth

	Delay, Jitter, P99 time.Duration // of Delay and HTTPDelay
	PerSecond          int64         // of Bandwidth, in bytes

	Where Where       // of HTTPDelay and HTTPStatus
	Often often.Often // of HTTPDelay and HTTPStatus
	Code  int         // of HTTPStatus
	Body  string      // of HTTPStatus
}

// Do is what a rule does. The zero value does nothing.
type Do int

// What can be done.
const (
	Nothing     Do = iota
	Partition      // nothing flows, and who connects is not answered
	Delay          // bytes come later
	Bandwidth      // bytes flow no faster than a rate
	Reset          // connections are reset
	Unreachable    // connections are reset, and new ones refused
	HTTPDelay      // requests go on later
	HTTPStatus     // requests are answered with a status, and do not go on
)

// Way is which way bytes go, as seen from who connects. The zero value is both.
type Way int

// The ways.
const (
	Both Way = iota
	Out      // what is sent to the link's other end
	In       // what comes back from there
)

// Takes says whether a fault of way w meets what goes the way of way.
func (w Way) Takes(way Way) bool { return w == Both || w == way }

// Where selects requests. The zero value selects all.
type Where struct {
	Methods []string // in upper case; none are all
	Path    string   // that the request's path begins with, as it is sent
}

// Selects says whether a request is selected.
func (w Where) Selects(method, path string) bool {
	return (len(w.Methods) == 0 || slices.Contains(w.Methods, method)) && strings.HasPrefix(path, w.Path)
}
