package sparkaudit

import (
	"embed"
	"fmt"

	"github.com/k2-platform/faultline/internal/spark"
)

//go:embed checks/*.sql
var files embed.FS

// check is one file of checks, and what it takes to run it.
type check struct {
	name  string
	wants func(Options) bool
	// without says what is missing where it does not run and should: its answer
	// is unknown then. Empty: it is left out.
	without string
}

// checks are all there are, in the order of their rows.
func checks() []check {
	always := func(Options) bool { return true }
	return []check{
		{name: "unique_key", wants: always},
		{name: "window_sums", wants: func(o Options) bool { return o.Produced != nil }, without: "what was produced is not known"},
		{name: "sequence_gaps", wants: func(o Options) bool { return o.Columns.Sequence != "" }},
		{name: "stored_stays", wants: func(o Options) bool { return o.Before != 0 }},
		{name: "unresolved_dead_letters", wants: func(o Options) bool { return o.DeadLetters }},
	}
}

// job is the SQL of the checks that o wants.
func (o Options) job() (spark.Job, error) {
	job := spark.Job{Snapshots: o.snapshots(), Views: o.views()}
	for _, c := range checks() {
		if !c.wants(o) {
			continue
		}
		sql, err := files.ReadFile("checks/" + c.name + ".sql")
		if err != nil {
			return spark.Job{}, fmt.Errorf("reading check %s: %w", c.name, err)
		}
		job.Queries = append(job.Queries, spark.Query{Name: c.name, SQL: string(sql)})
	}
	return job, nil
}
