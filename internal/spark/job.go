package spark

import (
	"fmt"
	"slices"
)

// Job is SQL to run in one session, in the order of the fields. Times without
// a zone are UTC in it, and so are times in its results.
type Job struct {
	Snapshots []Snapshot `json:"snapshots"`
	Views     []View     `json:"views"`
	Queries   []Query    `json:"queries"`
}

// Snapshot makes a view of a table as it was. Time travel is the one thing
// that each engine writes in its own way, so queries name the view instead.
type Snapshot struct {
	View  string `json:"view"`
	Table string `json:"table"` // namespace.name
	ID    int64  `json:"id"`
}

// View is a view of the session: Name AS SQL.
type View struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

// Query is one question. Its name finds its Result.
type Query struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

// Result is the answer to one query. Where the query failed, Error says how
// and there are no rows. A view or snapshot that cannot be made is a Result
// with an Error of its own, under the view's name.
type Result struct {
	Name    string      `json:"name"`
	Columns []string    `json:"columns"`
	Rows    [][]*string `json:"rows"` // nil is null
	Seconds float64     `json:"seconds"`
	Error   string      `json:"error"`
}

// answered errs where a query has no result.
func (j Job) answered(results []Result) error {
	for _, q := range j.Queries {
		if !slices.ContainsFunc(results, func(r Result) bool { return r.Name == q.Name }) {
			return fmt.Errorf("query %s has no answer", q.Name)
		}
	}
	return nil
}
