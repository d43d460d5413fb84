package halt

import (
	"fmt"
	"regexp"
)

// DefaultPrefix begins every subject, stream and bucket.
const DefaultPrefix = "faultline"

// subjects are the names under one prefix:
//
//	<p>.agent.<name>.<verb>  requests to one agent: inject, undo, status, who
//	<p>.hello                every agent, once a second
//	<p>.lease                the controller, three times a lease
//	<p>.halt, <p>.resume     operators; every agent answers
//	<p>.outbox.<experiment>  reports on their way to the log (JetStream)
type subjects struct{ prefix string }

func (s subjects) agent(name, verb string) string { return s.prefix + ".agent." + name + "." + verb }
func (s subjects) hello() string                  { return s.prefix + ".hello" }
func (s subjects) lease() string                  { return s.prefix + ".lease" }
func (s subjects) halt() string                   { return s.prefix + ".halt" }
func (s subjects) resume() string                 { return s.prefix + ".resume" }
func (s subjects) outbox(key string) string       { return s.prefix + ".outbox." + key }
func (s subjects) bucket(what string) string      { return s.prefix + "_" + what }

// verbs of requests to one agent.
const (
	verbInject = "inject"
	verbUndo   = "undo"
	verbStatus = "status"
	verbWho    = "who"
)

// CheckName says whether an agent may have the name: one word of letters,
// digits, dash and underscore, since it is part of a subject.
func CheckName(name string) error {
	if regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(name) {
		return nil
	}
	return fmt.Errorf("agent name %q: write 1 to 64 letters, digits, dashes or underscores", name)
}
