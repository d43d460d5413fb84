package query

import (
	"time"
)

// reply is the body of every answer.
type reply struct {
	Success bool    `json:"success"`
	Data    []Trade `json:"data"`
	Meta    *meta   `json:"meta,omitempty"`
	Error   string  `json:"error,omitempty"`
	Detail  string  `json:"detail,omitempty"` // what went wrong, for people
}

// meta says how fresh the answer is, and what it is worth.
type meta struct {
	Timestamp time.Time  `json:"timestamp"`
	Count     int        `json:"count"`
	Snapshot  int64      `json:"snapshot"`
	Newest    *time.Time `json:"newest"` // ingestion time of the newest row; null without rows

	Fallback bool `json:"fallback,omitempty"` // the store was not asked: these are the rows of the last answer that it gave
	Degraded bool `json:"degraded,omitempty"` // fewer rows than asked for, and the store was not asked
	// Age is for how long nobody knows whether the rows are still the table's
	// newest, in seconds; absent from an answer that the store confirmed.
	Age *float64 `json:"age_seconds,omitempty"`
}

// kind is what an answer is worth. It is a label of the counts of answers.
type kind string

const (
	fresh       kind = "fresh"
	fallback    kind = "fallback"
	degraded    kind = "degraded"
	unavailable kind = "unavailable"
	overloaded  kind = "overloaded"
	refused     kind = "refused"
)

// answered is an answer before it is written.
type answered struct {
	status int
	kind   kind
	body   reply
	age    time.Duration // of a fallback or degraded answer
	stale  bool          // it has an age: the store was not asked, or did not answer
}

func ok(k kind, p page) answered {
	return answered{status: 200, kind: k, body: reply{Success: true, Data: p.rows, Meta: &meta{
		Timestamp: time.Now().UTC(), Count: len(p.rows), Snapshot: p.snapshot, Newest: p.newest,
	}}}
}

// held marks an answer from memory with its age.
func held(k kind, p page, current time.Time) answered {
	a := ok(k, p)
	a.age, a.stale = time.Since(current), true
	seconds := a.age.Seconds()
	a.body.Meta.Age = &seconds
	return a
}

func failed(status int, k kind, code string, err error) answered {
	return answered{status: status, kind: k, body: reply{Error: code, Detail: err.Error()}}
}
